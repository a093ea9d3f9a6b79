"""Rows of a customer table: an id, and three columns of text. All people are invented.

As in such tables, customers come back (a few of them often), and a good third of the notes says one
of the same few things.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from pathlib import Path

__all__ = ["COLUMNS", "rows", "write_csv"]

COLUMNS = ("name", "mail", "note")

_FIRST = (
    "Imogen Thomas Ada Priya Mateo Wei Olga Fatima Declan Ingrid Kofi Yara Henrik Noor Silas Greta "
    "Tomasz Amara Felix Leila Oscar Mina Rohan Clara Anton Zofia Idris Hana Lucas Freya"
)
_LAST = (
    "Hartley Okafor Moss Sharma Garcia Chen Petrova Haddad Brennan Lindqvist Mensah Khoury Dahl "
    "Rahman Whitlock Baumann Nowak Adeyemi Marchetti Farouk Ellery Tanaka Iyer Delacroix Sokolov "
    "Wojcik Bello Sato Ferreira Nyberg Calloway Thornbury Ashdown Pembroke Lockhart"
)
_STREETS = "Elm Maple Oak Cedar Birch Willow Chestnut Juniper Linden Poplar"
_TOWNS = "Boston Springfield Portland Madison Dayton Salem Aurora Clifton"
_PLAIN = (
    "No answer, will try again tomorrow.",
    "Delivered, signed for at the door.",
    "Asked about opening hours.",
    "Order shipped.",
    "Refund approved by the desk.",
    "Left a voicemail.",
    "Wants a call back in the afternoon.",
    "Duplicate ticket, closed.",
)


def rows(count: int, seed: int = 1) -> Iterator[tuple[str, ...]]:
    """So many rows, the same for the same seed."""
    chance = random.Random(seed)
    people = [_person(number, chance) for number in range(max(count // 8, 10))]
    for number in range(count):
        name, mail, phone = people[int(len(people) * chance.random() ** 2)]
        yield str(number), name, mail, _note(name, phone, chance)


def write_csv(path: Path, count: int) -> None:
    """Write the table."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("id", *COLUMNS))
        writer.writerows(rows(count))


def _person(number: int, chance: random.Random) -> tuple[str, str, str]:
    first, last = chance.choice(_FIRST.split()), chance.choice(_LAST.split())
    if chance.random() < 0.2:
        last = f"{last}-{chance.choice(_LAST.split())}"
    mail = f"{first}.{last}{number}@example.com".lower()
    return f"{first} {last}", mail, f"({chance.randrange(201, 990)}) 555-{number % 10_000:04}"


def _note(name: str, phone: str, chance: random.Random) -> str:
    draw = chance.random()
    if draw < 0.35:
        return chance.choice(_PLAIN)
    if draw < 0.60:
        return f"Called {name} back at {phone}."
    if draw < 0.80:
        street = f"{chance.randrange(1, 900)} {chance.choice(_STREETS.split())} Street"
        return f"{name} moved to {street}, {chance.choice(_TOWNS.split())}."
    day = f"{chance.randrange(1, 29)} March"
    return f"Order {chance.randrange(10**6, 10**7)} for {name.split()[1]} is late, promised {day}."
