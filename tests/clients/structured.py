"""A model that follows the schema it is given, and what the SDKs are to parse out of its answer."""

from __future__ import annotations

import json
from datetime import date
from enum import Enum
from typing import Any

from pydantic import BaseModel, EmailStr, Field

from tests.clients.bench import MAIL, NAME, QUOTED

__all__ = ["EXPECTED", "GIVEN", "Case", "answer", "answer_json"]

MEANT = 'he said "no"\\never'  # what a text of JSON is full of


class Owner(str, Enum):
    """Who it may be: the schema's own values are people."""

    SARAH = NAME
    NOBODY = "nobody"


class Contact(BaseModel):
    """One of several."""

    mail: EmailStr = Field(description=f"never {MAIL} twice")
    at: str


class Case(BaseModel):
    """A structured answer with all that a token could break."""

    owner: Owner
    contacts: list[Contact]
    rooms: list[list[str]]
    due: date
    raw: str = Field(description="JSON in a string")
    note: str | None = None


GIVEN = f"{NAME} | {MAIL} | {QUOTED}"
"""What the user says, for the model to fill the schema with."""

EXPECTED = Case(
    owner=Owner.SARAH,
    contacts=[Contact(mail=MAIL, at=QUOTED), Contact(mail=MAIL, at="home")],
    rooms=[[QUOTED, NAME], []],
    due=date(2026, 11, 22),
    raw=json.dumps({"who": NAME, "where": [QUOTED], "said": MEANT}, ensure_ascii=False),
    note=None,
)


def answer(schema: dict[str, Any], given: str) -> dict[str, Any]:
    """What a strict model says: of an enum, one of the values that the schema itself names."""
    name, mail, quoted = given.split(" | ")
    definitions = schema.get("$defs") or schema.get("definitions") or {}
    [owner] = [one["enum"] for one in definitions.values() if "nobody" in one.get("enum", ())]
    assert set(schema["properties"]) == set(Case.model_fields), "names of properties stay"
    assert set(schema["required"]) <= set(schema["properties"])
    return {
        "owner": owner[0],
        "contacts": [{"mail": mail, "at": quoted}, {"mail": mail, "at": "home"}],
        "rooms": [[quoted, name], []],
        "due": "2026-11-22",
        "raw": json.dumps({"who": name, "where": [quoted], "said": MEANT}, ensure_ascii=False),
        "note": None,
    }


def answer_json(schema: dict[str, Any], given: str) -> str:
    """The same as the model writes it."""
    return json.dumps(answer(schema, given), ensure_ascii=False)
