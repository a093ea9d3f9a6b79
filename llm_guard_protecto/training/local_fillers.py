"""Dates, times, sums, telephone numbers and mail addresses as a language's countries write them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from random import Random

from llm_guard_protecto.training.tongues import Tongue

__all__ = ["LOCAL", "local", "plain"]

# A 9 that is no part of a country's code.
_DIGIT = re.compile(r"(?<!\+)(?<!\+\d)9")


def local(kind: str, rng: Random, tongue: Tongue) -> str:
    """A filling for `kind`. Raises KeyError for a kind that is not in `LOCAL`."""
    return _KINDS[kind](rng, tongue)


def plain(text: str) -> str:
    """`text` as in a mail address: small letters without accents or blanks."""
    bare = unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
    return bare.replace(" ", "").replace("'", "")


def _date(rng: Random, tongue: Tongue) -> str:
    day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(1945, 2027)
    form = rng.choice(tongue.lists["dates"])
    weekday = rng.choice(tongue.lists["day"])
    return form.format(d=day, m=month, y=year, n=tongue.lists["month"][month - 1], w=weekday)


def _time(rng: Random, _: Tongue) -> str:
    hour, minute = rng.randint(6, 22), rng.choice((0, 15, 30, 45))
    return f"{hour}{rng.choice((':', ':', '.', 'h'))}{minute:02}"


def _money(rng: Random, _: Tongue) -> str:
    amount = rng.choice((rng.randint(2, 99), rng.randint(100, 9999), rng.randint(10**4, 10**6)))
    grouped = f"{amount:,}".replace(",", rng.choice((".", " ", "")))
    sign = rng.choice(("€", "€", "EUR", "Euro", "CHF", "R$"))
    cents = rng.choice(("", f",{rng.randint(0, 99):02}"))
    return rng.choice((f"{grouped}{cents} {sign}", f"{sign} {grouped}{cents}"))


def _phone(rng: Random, tongue: Tongue) -> str:
    form = rng.choice(tongue.lists["phones"])
    return _DIGIT.sub(lambda _: rng.choice("0123456789"), form)


def _email(rng: Random, tongue: Tongue) -> str:
    given, family = rng.choice(tongue.male + tongue.female), rng.choice(tongue.family)
    user = rng.choice((f"{given}.{family}", f"{given[0]}{family}", family, "info"))
    host = rng.choice(("gmail", "web", "mail", rng.choice(tongue.family)))
    return f"{plain(user)}@{plain(host)}.{rng.choice((tongue.code, 'com'))}"


_KINDS: dict[str, Callable[[Random, Tongue], str]] = {
    "date": _date,
    "time": _time,
    "money": _money,
    "phone": _phone,
    "email": _email,
}
LOCAL = frozenset(_KINDS)
