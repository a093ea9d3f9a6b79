"""The labelled corpora as marked texts, their labels brought to our four entities.

A tenth of each, chosen by the hash of its id, is held back for measuring. Where a corpus marks
more or other things than names, the place is made to teach nothing (`?`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from zlib import crc32

from llm_guard_protecto.training.grammar import Marked

__all__ = ["CORPORA", "Row", "held_back", "read", "texts"]

Row = tuple[str, Marked]  # id, text with its spans

_NAMED = re.compile(r"[^\W\d_a-z][^\s]*(?:[ -](?:[^\W\d_a-z][^\s]*|of|the|and|for|de|on|in|&))*")
_ROLE = re.compile(
    r"(?i)\b(?:president|minister|secretary|spokesman|spokesperson|general|commander|king|chief|"
    r"ambassador|senator|leader|officer|col|gen|lt|sgt|capt|maj|mr|mrs|ms|dr|sir|lord|director|"
    r"representative|envoy|chancellor|queen|prince|sheikh|colonel|captain|major|sergeant)\b"
)
_PRONOUNS = {"we", "they", "he", "she", "it", "i", "you", "here", "there", "our", "who", "this"}
_PARTY = re.compile(
    r"(?i)(?:the )?(?:borrowers?|lenders?|bank|banks|agent|company|parent|trustee|guarantors?|"
    r"executive|employee|holder|purchaser|seller|buyer|tenant|landlord|lessor|lessee|issuer|"
    r"administrative agent|arranger|creditors?|owner|contractor|consultant)"
)


def _plain(label: str, text: str, names: dict[str, str]) -> str | None:
    del text
    return names.get(label)


def _tweet(label: str, text: str) -> str | None:
    """Handles are user names, which a rule finds; here they are no people."""
    if text == "@":
        return None
    return {"PER": "PERSON", "ORG": "ORG", "LOC": "LOCATION"}.get(label)


def _wnut(label: str, text: str) -> str | None:
    names = {"PERSON": "PERSON", "GROUP": "ORG", "CORPORATION": "ORG", "LOCATION": "LOCATION"}
    return _plain(label, text, names)


def _wikigold(label: str, text: str) -> str | None:
    return _plain(label, text, {"PER": "PERSON", "ORG": "ORG", "LOC": "LOCATION"})


def _sec(label: str, text: str) -> str | None:
    """Contracts mark the parties' roles (Borrower, Bank) as names; these are not."""
    if _PARTY.fullmatch(text):
        return None
    if label == "LOC" and text[:1].isdigit():
        return "ADDRESS"
    return _plain(label, text, {"PER": "PERSON", "ORG": "ORG", "LOC": "LOCATION"})


def _re3d(label: str, text: str) -> str | None:
    """Every mention is marked, `the group` and `we` too; keep what is written as a name."""
    entity = {"PERSON": "PERSON", "ORGANISATION": "ORG", "LOCATION": "LOCATION"}.get(label)
    if entity is None:
        return "?" if label == "NATIONALITY" else None
    if text.lower() in _PRONOUNS:
        return None
    if not _NAMED.fullmatch(text):
        return "?" if any(char.isupper() for char in text) else None
    return "?" if entity == "PERSON" and _ROLE.search(text) else entity


CORPORA: dict[str, Callable[[str, str], str | None]] = {
    "wnut_train": _wnut,
    "wnut_dev": _wnut,
    "btc_a": _tweet,
    "btc_b": _tweet,
    "btc_e": _tweet,
    "btc_f": _tweet,
    "btc_g": _tweet,
    "wikigold": _wikigold,
    "sec_FIN5": _sec,
    "re3d_train": _re3d,
}


def read(folder: Path, name: str) -> Iterator[Row]:
    """The rows of one corpus. Raises OSError when its file is not in `folder`."""
    choose = CORPORA[name]
    with (folder / f"{name}.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            text = row["text"]
            spans = []
            after = 0
            for span in sorted(row["spans"], key=lambda s: (s["start"], -s["end"])):
                start, end = span["start"], span["end"]
                if start < after:
                    continue
                if start and text[start - 1] == "@" and name.startswith("btc"):
                    continue
                entity = choose(span["label"], text[start:end])
                if entity:
                    spans.append((start, end, entity))
                    after = end
            yield f"{name}/{row['id']}", Marked(text, tuple(spans))


def held_back(identity: str) -> bool:
    """Whether the row with this id is for measuring only: one in ten."""
    return crc32(identity.encode()) % 10 == 0


def texts(folder: Path, *, measuring: bool) -> Iterator[tuple[str, Row]]:
    """`(corpus, row)` of all corpora: the held-back tenth, or the rest."""
    for name in CORPORA:
        for row in read(folder, name):
            if held_back(row[0]) == measuring:
                yield name, row
