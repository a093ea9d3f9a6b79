"""Whether an audit is what was written: every entry there, unchanged, in its order, to the end.

Each entry's code is made with the audit key from the entry, its number and the code before it, so
who has no key can neither change, leave out, add nor move one without breaking the chain there.
What the chain alone cannot show is a cut at its end; that is what checkpoints are compared for.
Entries that were deleted for their age are covered by a later entry that names the last of them.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from llm_guard_protecto.engine.audit_key import AuditKey
from llm_guard_protecto.engine.checkpoints import Checkpoint
from llm_guard_protecto.engine.store.audit import Audit, AuditRow, Head, NewEntry

__all__ = ["CUT", "Verified", "verify"]

CUT = "audit cut"
"""What an entry says that tells of a deletion."""

PAGE = 1000
AGAIN = 5
"""How often a chain is read again because it was cut meanwhile."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found: nothing in `problems` is the good answer.

    `entries` were read; the chain begins behind entry `base` and ends with `number`. `checkpoints`
    of it were compared.
    """

    namespace: str
    entries: int
    base: int
    number: int
    checkpoints: int
    problems: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


@dataclass(slots=True)
class _Reading:
    """A chain as it is read: codes by number, what is wrong, which deletions it tells of."""

    codes: dict[int, bytes] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    cuts: set[tuple[int, str]] = field(default_factory=set)


def verify(
    audit: Audit,
    namespace: int,
    name: str,
    key: AuditKey | None,
    checkpoints: Sequence[Checkpoint] = (),
) -> Verified:
    """Read a whole chain and compare it with its checkpoints. `key` None: it was never written.

    Entries that others append meanwhile are read too, or left for the next time.
    """
    for _ in range(AGAIN):
        before = audit.head(namespace)
        reading, head = _read(audit, namespace, before, key)
        if head.base == before.base:
            break
    codes, problems = reading.codes, reading.problems
    if head.base and (head.base, head.base_code.hex()) not in reading.cuts:
        problems.append(f"entries 1 to {head.base} are gone, and no entry says who deleted them")
    if not head.base and head.base_code:
        problems.append("the chain says that it was cut, but not where")
    own = None if key is None else key.id
    ours = [one for one in checkpoints if one.key == own]
    problems += _against(ours, head, codes, key)
    problems += _of_others([one for one in checkpoints if one.key != own], name)
    return Verified(name, len(codes), head.base, head.number, len(ours), tuple(problems))


def _read(audit: Audit, namespace: int, head: Head, key: AuditKey | None) -> tuple[_Reading, Head]:
    """Every entry, linked to the one before; and the head as it stands when all are read."""
    reading = _Reading()
    number, code = head.base, head.base_code
    stray = audit.rows(namespace, -(2**62), 1)
    if stray and stray[0].number <= head.base:
        reading.problems.append(f"entry {stray[0].number} stands in front of the chain")
    while True:
        rows = audit.rows(namespace, number, PAGE)
        for row in rows:
            if row.number != number + 1:
                reading.problems.append(_gap(number + 1, row.number - 1))
            elif key is None or not _links(key, code, row):
                reading.problems.append(f"entry {row.number} is not what was written there")
            else:
                reading.cuts |= _cut_in(row)
            number, code = row.number, row.code
            reading.codes[number] = code
        if rows:
            continue
        head = audit.head(namespace)
        if head.number > number and audit.rows(namespace, number, 1):
            continue
        if head.number > number:
            reading.problems.append(_gap(number + 1, head.number))
        elif head.number < number:
            reading.problems.append(f"entry {head.number + 1} stands behind the end of the chain")
        elif not hmac.compare_digest(head.code, code):
            reading.problems.append("the chain ends with another code than it says")
        return reading, head


def _links(key: AuditKey, code: bytes, row: AuditRow) -> bool:
    new = NewEntry(row.moment, row.entry, row.tokens)
    return hmac.compare_digest(key.link(code, row.number, new), row.code)


def _cut_in(row: AuditRow) -> set[tuple[int, str]]:
    """Through which entry a deletion went that this entry tells of, and that one's code."""
    said = json.loads(row.entry)  # it is linked, so we wrote it
    if said.get("what") != CUT:
        return set()
    return {(said["facts"]["through"], said["facts"]["code"])}


def _gap(first: int, last: int) -> str:
    return (
        f"entry {first} is missing" if first == last else f"entries {first} to {last} are missing"
    )


def _against(
    checkpoints: Sequence[Checkpoint], head: Head, codes: dict[int, bytes], key: AuditKey | None
) -> list[str]:
    """What the checkpoints of this chain say against it."""
    problems = []
    for one in checkpoints:
        if key is None or not one.holds(key):
            problems.append(f"the checkpoint of entry {one.number} was not signed by this audit")
        elif one.number > head.number:
            problems.append(
                f"the chain had {one.number} entries once, and now ends at {head.number}"
            )
        elif one.number >= head.base:
            code = head.base_code if one.number == head.base else codes.get(one.number)
            if code is None or code.hex() != one.code:
                problems.append(f"entry {one.number} is another one than it was once")
    return problems


def _of_others(checkpoints: Sequence[Checkpoint], name: str) -> list[str]:
    """Chains of the same name under another key, which the namespace must have been deleted for."""
    seen = {one.key for one in checkpoints if one.namespace == name}
    ended = {one.key for one in checkpoints if one.namespace == name and one.end}
    return [f"there was another chain, of key {key}, that did not end" for key in seen - ended]
