"""A vault that masks exactly the values it is told, so that a test knows every byte in advance."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.models import IndividualToken, Item, Masked, Unmasked, rebuild
from llm_guard_protecto.vault import PolicyChoice

__all__ = ["AsyncKeepingVault", "AsyncTinyVault", "KeepingVault", "PlainVault", "TinyVault"]

_WORD = re.compile(r"[^\W_]+")


class TinyVault:
    """Masks each of `values` wherever it stands, as a person; knows no policy but the default."""

    def __init__(self, *values: str) -> None:
        self._tokens = {value: _WORD.sub(lambda word: _run(word[0]), value) for value in values}
        longest_first = sorted(values, key=len, reverse=True)
        self._values = re.compile("|".join(re.escape(value) for value in longest_first) or "(?!)")

    def mask(self, texts: Sequence[str | Item], policy: PolicyChoice = None) -> Sequence[Masked]:
        if policy is not None:
            raise ConfigurationError("the tiny vault has one policy, and it has no name")
        return [self._whole(text) if isinstance(text, Item) else self._mask(text) for text in texts]

    def unmask(self, texts: Sequence[str], policy: PolicyChoice = None) -> Sequence[Unmasked]:
        return [Unmasked(value=self._unmask(text), token_value=text) for text in texts]

    def _whole(self, item: Item) -> Masked:
        """One bare token for the whole value, as a token name asks."""
        token = _WORD.sub(lambda word: _run(word[0]), item.value)
        whole = IndividualToken(item.value, "TEXT", token, "", "", 0, len(item.value))
        return Masked(value=item.value, token_value=token, individual_tokens=(whole,))

    def _mask(self, text: str) -> Masked:
        tokens = tuple(
            IndividualToken(
                value=found[0],
                pii_type="PERSON",
                token=self._tokens[found[0]],
                prefix="<PER>",
                suffix="</PER>",
                start_pos=found.start(),
                end_pos=found.end(),
            )
            for found in self._values.finditer(text)
        )
        return Masked(value=text, token_value=rebuild(text, tokens), individual_tokens=tokens)

    def _unmask(self, text: str) -> str:
        for value, token in self._tokens.items():
            text = text.replace(f"<PER>{token}</PER>", value)
        return text


class AsyncTinyVault:
    """The same, awaited."""

    def __init__(self, *values: str) -> None:
        self._vault = TinyVault(*values)

    async def mask(
        self, texts: Sequence[str | Item], policy: PolicyChoice = None
    ) -> Sequence[Masked]:
        return self._vault.mask(texts, policy)

    async def unmask(self, texts: Sequence[str], policy: PolicyChoice = None) -> Sequence[Unmasked]:
        return self._vault.unmask(texts, policy)


class KeepingVault(TinyVault):
    """A `TinyVault` that keeps maps as well, in a dictionary."""

    def __init__(self, *values: str) -> None:
        super().__init__(*values)
        self.maps: dict[str, list[Masked]] = {}

    def keep(self, names: Sequence[str], masked: Sequence[Masked]) -> None:
        for name in names:
            self.maps.setdefault(name, []).extend(masked)

    def recall(self, names: Sequence[str]) -> list[list[Masked] | None]:
        return [self.maps.get(name) for name in names]


class PlainVault(KeepingVault):
    """A `KeepingVault` whose tokens have none of the marks of their values, as real ones have not."""

    def __init__(self, *values: str) -> None:
        super().__init__(*values)
        self._tokens = {value: _run(value) for value in values}


class AsyncKeepingVault(AsyncTinyVault):
    """The same, awaited."""

    def __init__(self, *values: str) -> None:
        super().__init__(*values)
        self._kept = KeepingVault(*values)

    async def keep(self, names: Sequence[str], masked: Sequence[Masked]) -> None:
        self._kept.keep(names, masked)

    async def recall(self, names: Sequence[str]) -> list[list[Masked] | None]:
        return self._kept.recall(names)


def _run(word: str) -> str:
    """A token's run for a word: letters and digits, always both, the same one every time."""
    digest = hashlib.sha256(word.encode()).digest()
    letters = "BCDFGHJKMNPQRSTVWXZbcdfghjkmnpqrstvwxz"
    return "".join(letters[byte % len(letters)] for byte in digest[:6]) + str(2 + digest[6] % 8)
