"""What fills the unmarked slots: numbers, dates, contact data, codes, products, plain words."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from llm_guard_protecto.training.names import Names
from llm_guard_protecto.training.phrases import phrases

__all__ = ["MONTHS", "filler"]

MONTHS = phrases("fillers_months")
_DAYS = phrases("fillers_days")
_PRODUCTS = phrases("fillers_products")
_WORDS = phrases("fillers_words")


def filler(kind: str, rng: Random, names: Names) -> str:
    """A filling for `kind`. Raises KeyError for a kind that does not exist."""
    return _KINDS[kind](rng, names)


def _digits(rng: Random, count: int) -> str:
    return "".join(rng.choice("0123456789") for _ in range(count))


def _date(rng: Random, _: Names) -> str:
    day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(1940, 2026)
    name = MONTHS[month - 1]
    return rng.choice(
        (
            f"{month}/{day}/{year}",
            f"{day}.{month}.{year}",
            f"{year}-{month:02}-{day:02}",
            f"{name} {day}, {year}",
            f"{day} {name} {year}",
            f"{name[:3]} {day}",
            f"{name} {day}",
            f"{rng.choice(_DAYS)}",
            f"{rng.choice(_DAYS)}, {name} {day}",
            f"{name} {year}",
            f"{day:02}-{name[:3]}-{year % 100:02}",
            f"{year}",
            f"next {rng.choice(_DAYS)}",
            f"the {day}th of {name}",
        )
    )


def _time(rng: Random, _: Names) -> str:
    hour, minute = rng.randint(0, 23), rng.randint(0, 59)
    return rng.choice(
        (f"{hour}:{minute:02}", f"{hour % 12 + 1} pm", f"{hour % 12 + 1}:{minute:02} AM", "noon")
    )


def _phone(rng: Random, _: Names) -> str:
    a, b, c = _digits(rng, 3), _digits(rng, 3), _digits(rng, 4)
    return rng.choice(
        (
            f"({a}) {b}-{c}",
            f"{a}-{b}-{c}",
            f"+1 {a} {b} {c}",
            f"+44 20 {c} {_digits(rng, 4)}",
            f"{a}.{b}.{c}",
            f"0{a} {b}{c}",
            f"+49 {a} {_digits(rng, 7)}",
            f"{a}{b}{c}",
            f"+91 {_digits(rng, 10)}",
            f"1-800-{b}-{c}",
            f"{b}-{c} x{_digits(rng, 3)}",
        )
    )


def _user(rng: Random, names: Names) -> str:
    first, last = rng.choice(names.english.given).lower(), rng.choice(names.english.family).lower()
    form = rng.choice(("{f}.{l}", "{f}{l}", "{i}{l}", "{f}_{l}", "{f}{n}", "{l}{n}", "{f}.{l}{n}"))
    return form.format(f=first, l=last, i=first[0], n=rng.randint(1, 99))


def _host(rng: Random, names: Names) -> str:
    name = rng.choice(
        (
            rng.choice(("gmail", "yahoo", "outlook", "example", "hotmail", "proton")),
            rng.choice(names.english.family).lower(),
            rng.choice(_WORDS) + rng.choice(_WORDS),
        )
    )
    return name.replace("'", "") + rng.choice(
        (".com", ".com", ".org", ".net", ".co.uk", ".de", ".io")
    )


def _email(rng: Random, names: Names) -> str:
    return f"{_user(rng, names)}@{_host(rng, names)}"


def _url(rng: Random, names: Names) -> str:
    path = rng.choice(("", "", "/", "/login", f"/{rng.choice(_WORDS)}/{_digits(rng, 4)}", "/a?b=c"))
    return rng.choice(("https://www.", "http://", "www.", "https://")) + _host(rng, names) + path


def _card(rng: Random, _: Names) -> str:
    joint = rng.choice((" ", "-", ""))
    return joint.join(_digits(rng, 4) for _ in range(4))


def _id(rng: Random, _: Names) -> str:
    letters = "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(rng.randint(1, 3)))
    return rng.choice(
        (
            f"{letters}-{_digits(rng, 5)}",
            f"{letters}{_digits(rng, 6)}",
            f"#{_digits(rng, 6)}",
            _digits(rng, 8),
            f"{_digits(rng, 3)}-{_digits(rng, 2)}-{_digits(rng, 4)}",
            f"{letters}-{_digits(rng, 4)}-{letters}",
        )
    )


def _hexes(rng: Random, groups: int, size: int, joint: str) -> str:
    return joint.join(
        "".join(rng.choice("0123456789ABCDEF") for _ in range(size)) for _ in range(groups)
    )


def _money(rng: Random, _: Names) -> str:
    amount = rng.choice((rng.randint(1, 99), rng.randint(100, 9999), rng.randint(10_000, 900_000)))
    return rng.choice(
        (f"${amount}", f"${amount:,}.00", f"€{amount}", f"{amount} EUR", f"£{amount:,}")
    )


_KINDS: dict[str, Callable[[Random, Names], str]] = {
    "date": _date,
    "time": _time,
    "phone": _phone,
    "email": _email,
    "url": _url,
    "card": _card,
    "id": _id,
    "money": _money,
    "handle": lambda rng, names: "@" + _user(rng, names),
    "num": lambda rng, _: str(rng.choice((rng.randint(1, 20), rng.randint(1, 5000)))),
    "age": lambda rng, _: str(rng.randint(1, 98)),
    "year": lambda rng, _: str(rng.randint(1950, 2026)),
    "mac": lambda rng, _: _hexes(rng, 6, 2, ":"),
    "ip": lambda rng, _: ".".join(str(rng.randint(0, 255)) for _ in range(4)),
    "hash": lambda rng, _: _hexes(rng, 1, rng.choice((8, 16, 32, 40)), "").lower(),
    "ssn": lambda rng, _: f"{_digits(rng, 3)}-{_digits(rng, 2)}-{_digits(rng, 4)}",
    "iban": lambda rng, _: rng.choice(("DE", "FR", "GB", "NL")) + _digits(rng, 20),
    "product": lambda rng, _: rng.choice(_PRODUCTS),
    "word": lambda rng, _: rng.choice(_WORDS),
    "month": lambda rng, _: rng.choice(MONTHS),
    "day": lambda rng, _: rng.choice(_DAYS),
}
