"""Whether tokens survive a real model: what it was given, what it wrote, what was restored."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openai import OpenAI

from llm_guard_protecto import LocalVault, Policy, protect

__all__ = ["PEOPLE", "STYLES", "TASKS", "Counts", "Wire", "survival"]

PEOPLE = (
    ("Sarah Okonkwo", "sarah.okonkwo@example.com"),
    ("Piotr Lindqvist", "p.lindqvist@example.org"),
    ("Amara Delacroix", "amara.d@example.net"),
    ("Jonas Whitfield", "whitfield.j@example.com"),
    ("Mei Castellanos", "mei.c@example.org"),
    ("Tobias Ferreira", "tobias_f@example.net"),
    ("Nadia Bergstrom", "nadia.b@example.com"),
    ("Luca Abernathy", "luca.aber@example.org"),
)
"""Invented people and their addresses."""

_COPY = """\
Line: The bus leaves at nine.
Copy: The bus leaves at nine.
Line: Please water the plants.
Copy: Please water the plants.
Line: """
_LETTER = """\
To: the committee
About: the roof
Letter: Dear committee, thank you for writing about the roof.
To: our neighbours
About: the noise
Letter: Dear neighbours, thank you for writing about the noise.
To: """
_JSON = """\
Text: The shop wrote from shop at example.
JSON: {{"who": "The shop", "mail": "shop at example"}}
Text: Our baker wrote from bread at home.
JSON: {{"who": "Our baker", "mail": "bread at home"}}
Text: """

TASKS: Mapping[str, tuple[str, str]] = {
    "copy a line": (_COPY, "{name} asked for the invoice to be sent to {mail}.\nCopy:"),
    "begin a letter": (_LETTER, "{name}\nAbout: the lost parcel\nLetter:"),
    "fill in JSON": (_JSON, '{name} wrote from {mail}.\nJSON: {{"who": "'),
}
"""Name -> (examples, question): completions that a model of any size can be asked for."""

STYLES: Mapping[str, tuple[str, str] | None] = {
    "not protected": None,
    "`<PER>…</PER>` (default)": ("<PER>", "</PER>"),
    "`{Person Name …}`": ("{Person Name ", "}"),
    "`[PERSON:…]`": ("[PERSON:", "]"),
    "`«…»`": ("«", "»"),
    "no wrapper": ("", ""),
}
"""Name -> prefix and suffix of people and mail addresses; None sends the values themselves."""


_KEY = {"LGP_VAULT_KEY": "NWxR6oT1yzO8mQf3hJv0cK4bUe9sDgApLiXtZ2rYw7E="}  # the same tokens each run
_RUN = re.compile(r"[0-9A-Za-z]{5,}")


@dataclass(slots=True)
class Counts:
    """What became of the values that a model was asked to repeat.

    `asked` values, of which `exact` came back as issued, `bent` in another form and were restored
    all the same; the rest the model left out or spoilt. `wrong`: another person's value came back.
    `half`: a reply that still showed a run of a token.
    """

    asked: int = 0
    exact: int = 0
    bent: int = 0
    wrong: int = 0
    half: int = 0

    @property
    def restored(self) -> float:
        """The share of the values asked for that the program got back."""
        return (self.exact + self.bent) / self.asked if self.asked else 0.0


@dataclass(slots=True)
class Wire:
    """What went over the wire of the last call, both ways, seen behind the protection."""

    sent: bytes = b""
    heard: bytes = b""


def survival(base_url: str, wire: Wire, http: Any, style: str, task: str) -> Counts:
    """Ask the model behind `base_url` for `task` about each of the people, and count.

    `http` is the HTTP client to send through, which fills `wire`.
    """
    wrapper = STYLES[style]
    rule = dict(zip(("prefix", "suffix"), wrapper or ("", ""), strict=True))
    policy = Policy.parse({"name": "style", "entities": {"PERSON": rule, "EMAIL_ADDRESS": rule}})
    examples, question = TASKS[task]
    counts = Counts()
    with LocalVault("memory:", environ=_KEY) as vault:
        client = OpenAI(base_url=base_url, api_key="none", http_client=http)
        if wrapper is not None:
            client = protect(client, vault, policy)
        for name, mail in PEOPLE:
            prompt = (examples + question).format(name=name, mail=mail)
            reply = client.completions.create(
                model="local", prompt=prompt, max_tokens=80, temperature=0, stop=["\n"]
            )
            said = reply.choices[0].text
            values = [name, mail] if "{mail}" in question else [name]
            issued = {
                token.value: token.wrapped
                for text in vault.mask([prompt], policy)
                for token in text.individual_tokens
                if wrapper is not None
            }
            _count(counts, values, issued, said, wire)
    return counts


def _count(
    counts: Counts, values: Sequence[str], issued: Mapping[str, str], said: str, wire: Wire
) -> None:
    heard = json.dumps(json.loads(wire.heard), ensure_ascii=False)
    for value in values:
        counts.asked += 1
        if value in said:
            exact = issued.get(value, value) in heard
            counts.exact += exact
            counts.bent += not exact
    others = {word for pair in PEOPLE for word in pair} - set(values)
    counts.wrong += any(other in said for other in others)
    runs = {run for token in issued.values() for run in _RUN.findall(token)}
    counts.half += any(run in said for run in runs)
