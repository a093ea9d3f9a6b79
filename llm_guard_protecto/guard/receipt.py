"""What happened to one call, in counts: the receipt, and the tally it is written from.

A `Tally` is filled while a call is under way, by the exchange and its stream. A `Receipt` is what
it says at one moment; it holds counts and names of the policy's own, never a value.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from llm_guard_protecto.guard.fold import solid
from llm_guard_protecto.guard.growth import Growth
from llm_guard_protecto.guard.maps import begins_with
from llm_guard_protecto.guard.places import Place
from llm_guard_protecto.guard.restore import Restored, Restorer
from llm_guard_protecto.guard.tokenmap import TokenMap
from llm_guard_protecto.models import Masked

__all__ = ["VERSION_DIGITS", "Receipt", "Sent", "Tally"]

VERSION_DIGITS = 12
"""Hexadecimal digits of a policy's fingerprint in a receipt."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What happened to one call. No value, no token and no text is in it.

    `outcome`: `whole` (the reply came to its end), `open` (it is still coming), `cut` (it broke
    off, or was closed before its end), `unanswered` (no reply came), `unrestored` (a reply came
    that could not be restored) or `refused` (nothing was sent).
    `policy`, `policy_version`: its name and the start of its fingerprint; empty where only the
    vault knows them.
    `masked`: places masked in this request, by entity; a text that stands in it twice counts once.
    `issued`: different tokens in them. `restored`, `repaired`: tokens of the reply turned back, as
    issued and bent; what is left of a token without its wrapper counts word by word. `unknown`: one of our wrappers around something that is no token of this
    request. `kept`: tokens left as they are because of where they stand, such as in an address.
    `never_used`: issued tokens from which nothing in the reply was turned back.
    `scanned`: bytes of the outgoing call looked through again before it left.
    `mask_ms`, `restore_ms`: milliseconds added on the way out (the vault's included) and back.
    `tokens_added`: tokens that masking made the prompt longer by, negative for shorter; None when
    they could not be counted. `counted_by`: by which encoding, or why they were not counted.
    """

    outcome: str = "open"
    policy: str = ""
    policy_version: str = ""
    masked: Mapping[str, int] = field(default_factory=dict)
    issued: int = 0
    restored: int = 0
    repaired: int = 0
    unknown: int = 0
    kept: int = 0
    never_used: int = 0
    scanned: int = 0
    mask_ms: float = 0.0
    restore_ms: float = 0.0
    tokens_added: int | None = None
    counted_by: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the fields, ready for JSON."""
        own = {one.name: getattr(self, one.name) for one in fields(self)}
        return own | {"masked": dict(self.masked)}

    def as_json(self) -> str:
        """Return the fields as compact JSON in ASCII, as they stand in a header."""
        return json.dumps(self.as_dict(), separators=(",", ":"))

    def __str__(self) -> str:
        """Say it in one line."""
        entities = ", ".join(f"{name} {count}" for name, count in self.masked.items())
        grown = "" if self.tokens_added is None else f"; {self.tokens_added:+} prompt tokens"
        version = f" {self.policy_version}" if self.policy_version else ""
        return (
            f"{self.outcome}: masked {sum(self.masked.values())}"
            + (f" ({entities})" if entities else "")
            + f", issued {self.issued}, restored {self.restored}, repaired {self.repaired}"
            + f", unknown {self.unknown}, kept {self.kept}, never used {self.never_used}"
            + f"; {self.scanned} bytes scanned; {self.mask_ms:.1f} + {self.restore_ms:.1f} ms"
            + grown
            + (f"; policy {self.policy}{version}" if self.policy else "")
        )


@dataclass(frozen=True, slots=True)
class Sent:
    """What the vault gave for one request, counted: places masked by entity, prompts grown."""

    answer: Sequence[Masked] = field(default=(), repr=False)
    masked: Mapping[str, int] = field(default_factory=dict)
    growth: Growth = field(default_factory=Growth, repr=False)

    @classmethod
    def of(cls, answer: Sequence[Masked], before: Sent | None = None) -> Sent:
        """Count `answer`, going on from an earlier turn of the chat."""
        start, masked = 0, Counter[str]()
        if before is not None and begins_with(answer, before.answer):
            start, masked = len(before.answer), Counter(before.masked)
        for text in answer[start:]:
            masked.update(token.pii_type for token in text.individual_tokens)
        return cls(answer, masked, Growth(answer, before.growth if before else None))


class Tally:
    """What is counted while a call is under way. One thread at a time writes to it."""

    __slots__ = (
        "_model",
        "_restorers",
        "_said",
        "_scanned",
        "_seen",
        "_sent",
        "mask_s",
        "restore_s",
    )

    def __init__(self) -> None:
        """Begin with nothing. `mask_s` and `restore_s` are seconds."""
        self._sent = Sent()
        self._model = ""
        self._scanned = 0
        self.mask_s = self.restore_s = 0.0
        self._restorers: list[Restorer] = []
        self._said: dict[tuple[str, Place], None] = {}
        self._seen: set[tuple[int, Restored]] = set()

    def sent(self, sent: Sent, scanned: int, model: str = "") -> None:
        """The vault gave `sent` for the request, and `scanned` bytes were looked through again.

        `model` is the one the request names: it decides by which encoding tokens are counted.
        """
        self._sent, self._scanned, self._model = sent, scanned, model

    def follow(self, restorer: Restorer) -> Restorer:
        """Count what `restorer` does, now and later; returns it."""
        self._restorers.append(restorer)
        return restorer

    def ended(self, restorer: Restorer) -> None:
        """A text that came in pieces has ended: should an event repeat it, it counts once."""
        self._note(restorer)
        if restorer.touched:
            self._seen.add((restorer.length, restorer.counts))

    def whole(self, restorer: Restorer, text: str, *, repeats: bool = False) -> str:
        """Restore `text` and count what was done.

        With `repeats` it may say again what was counted already, as the closing events of a stream
        do: a text of the same length with the same counts is not counted again.
        """
        restored = restorer.whole(text)
        self._note(restorer)
        if restorer.touched:
            if repeats:
                said = (len(text), restorer.counts)
                if said in self._seen:
                    return restored
                self._seen.add(said)
            self._restorers.append(restorer)
        return restored

    def said(self) -> list[tuple[str, Place]]:
        """The texts of the reply as they were restored, each once and with what it is."""
        return list(self._said)

    def _note(self, restorer: Restorer) -> None:
        if said := restorer.said:
            self._said[said, restorer.place] = None

    def receipt(
        self, tokens: TokenMap, outcome: str = "open", policy: tuple[str, str] = ("", "")
    ) -> Receipt:
        """Write the receipt. `tokens` is the map that the reply is restored from."""
        counts = sum((one.counts for one in self._restorers), Restored())
        # A value masked as a whole (a participant's name) has no entity but a type of token.
        masked = self._sent.masked
        added, counted_by = self._sent.growth.by(self._model)
        return Receipt(
            outcome=outcome,
            policy=policy[0],
            policy_version=policy[1],
            masked=dict(sorted(masked.items())),
            issued=tokens.issued,
            restored=counts.restored,
            repaired=counts.repaired,
            unknown=counts.unknown,
            kept=counts.kept_in_url,
            never_used=_unused(tokens, (one for r in self._restorers for one in r.replaced)),
            scanned=self._scanned,
            mask_ms=round(self.mask_s * 1e3, 3),
            restore_ms=round(self.restore_s * 1e3, 3),
            tokens_added=added,
            counted_by=counted_by,
        )


def _unused(tokens: TokenMap, replaced: Iterable[str]) -> int:
    """How many tokens of the map nothing was turned back from."""
    used: set[str] = set()
    runs: set[str] = set()
    for text in set(replaced):
        if text in tokens.forms:
            used.add(text)
        else:
            folded = solid(text)
            runs.update(run for run in tokens.folded if run in folded)
    if not runs:
        return len(tokens.forms) - len(used)
    return sum(
        wrapped not in used and runs.isdisjoint(form.runs) for wrapped, form in tokens.forms.items()
    )
