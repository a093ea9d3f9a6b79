"""The shape of LLM Guard's Anonymize, Deanonymize and Vault, for programs that were written for it.

    from llm_guard_protecto.integrations.llm_guard import Anonymize, Deanonymize, Vault

    vault = Vault()
    prompt, valid, risk = Anonymize(vault).scan(prompt)
    reply, _, _ = Deanonymize(vault).scan(prompt, reply)

The scanners take part in LLM Guard's own `scan_prompt` and `scan_output` where it is installed, and
in those of this module where it is not. Values are sealed in a vault of ours; restoring is exact
but for the ways a model bends a token, and never a guess at a person.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.guard.restore import Restorer
from llm_guard_protecto.guard.tokenmap import TokenMap
from llm_guard_protecto.integrations.presidio_names import policy_for
from llm_guard_protecto.models import Masked
from llm_guard_protecto.policy import Policy
from llm_guard_protecto.vault import Vault as TokenVault

__all__ = ["Anonymize", "Deanonymize", "Vault", "scan_output", "scan_prompt"]

Pair = tuple[str, str]
Scanned = tuple[str, bool, float]

NO_RISK = -1.0
"""What LLM Guard's scanners say when there is nothing to say."""


class Vault:
    """What one conversation has masked: pairs of placeholder and value. Thread-safe.

    `tuples` are pairs that an older Vault gave out; they are restored as they are written. `tokens`
    is the vault that makes tokens, None for the embedded one of `LLM_GUARD_VAULT`.
    """

    def __init__(
        self, tuples: Sequence[Pair] | None = None, *, tokens: TokenVault | None = None
    ) -> None:
        """Take over the pairs of an older vault."""
        if tokens is None:
            from llm_guard_protecto.engine import LocalVault

            tokens = LocalVault()
        self.tokens = tokens
        self._lock = threading.Lock()
        self._pairs = dict(tuples or ())
        self._masked: dict[str, Masked] = {}

    def append(self, new_tuple: Pair) -> None:
        """Add a pair of placeholder and value."""
        self.extend([new_tuple])

    def extend(self, new_tuples: Sequence[Pair]) -> None:
        """Add pairs of placeholder and value."""
        with self._lock:
            self._pairs |= dict(new_tuples)

    def remove(self, tuple_to_remove: Pair) -> None:
        """Forget a pair; raises ValueError for one that is not there."""
        placeholder, value = tuple_to_remove
        with self._lock:
            for pairs in (self._pairs, self._values()):
                if pairs.get(placeholder) == value:
                    self._pairs.pop(placeholder, None)
                    self._masked.pop(placeholder, None)
                    return
        raise ValueError("there is no such pair")

    def get(self) -> list[Pair]:
        """Every pair, with the values in clear."""
        with self._lock:
            return [*self._pairs.items(), *self._values().items()]

    def placeholder_exists(self, placeholder: str) -> bool:
        """Whether something was masked by this placeholder."""
        with self._lock:
            return placeholder in self._pairs or placeholder in self._masked

    def note(self, masked: Masked) -> None:
        """Remember what a prompt masked."""
        alone = {
            one.wrapped: Masked(
                one.value, one.wrapped, (replace(one, start_pos=0, end_pos=len(one.value)),)
            )
            for one in masked.individual_tokens
        }
        with self._lock:
            self._masked |= alone

    def restored(self, text: str) -> str:
        """The text with the values of its placeholders; longer ones first, each place once."""
        with self._lock:
            pairs, masked = dict(self._pairs), [*self._masked.values()]
        tokens = TokenMap.of(masked)
        if not pairs:
            return Restorer(tokens).whole(text)
        either = "|".join(re.escape(one) for one in sorted(pairs, key=len, reverse=True))
        parts = re.split(f"({either})", text)  # in one pass: a value may hold a placeholder
        return "".join(
            pairs[part] if number % 2 else Restorer(tokens).whole(part)
            for number, part in enumerate(parts)
        )

    def __repr__(self) -> str:
        """Say how much there is, never what."""
        return f"Vault({len(self._pairs) + len(self._masked)} pairs)"

    def _values(self) -> dict[str, str]:
        return {placeholder: masked.value for placeholder, masked in self._masked.items()}


class Anonymize:
    """Masks prompts. Thread-safe."""

    def __init__(
        self,
        vault: Vault,
        *,
        hidden_names: Sequence[str] | None = None,
        allowed_names: Sequence[str] | None = None,
        entity_types: Sequence[str] | None = None,
        preamble: str = "",
        regex_patterns: Sequence[Mapping[str, Any]] | None = None,
        threshold: float = 0.5,
        policy: Policy | None = None,
        **others: Any,
    ) -> None:
        """The arguments of LLM Guard's scanner; `policy` says all at once what the others do.

        `entity_types` are LLM Guard's names of entities or ours; None: what `default` masks.
        `others` are those that choose a model, fake names or a language: `language` changes
        nothing, the rest is refused with `ConfigurationError`, as is an entity nobody knows.
        """
        unknown = sorted(name for name, given in others.items() if given and name != "language")
        if unknown:
            raise ConfigurationError(f"not supported here: {', '.join(unknown)}; see a policy")
        self._vault, self._preamble = vault, preamble
        self._policy = policy or policy_for(
            entity_types,
            hidden=hidden_names or (),
            allowed=allowed_names or (),
            patterns={
                str(one["name"]): one["expressions"]
                for one in regex_patterns or ()
                if "expressions" in one
            },
            threshold=threshold,
        )

    def scan(self, prompt: str) -> Scanned:
        """The prompt, masked; whether nothing was found in it; the risk, 1.0 where something was."""
        [masked] = self._vault.tokens.mask([prompt], self._policy)
        if not masked.individual_tokens:
            return prompt, True, NO_RISK
        self._vault.note(masked)
        return self._preamble + masked.token_value, False, 1.0


class Deanonymize:
    """Restores replies from what the prompts of the same `Vault` masked."""

    def __init__(self, vault: Vault, *, matching_strategy: Any = None) -> None:
        """`matching_strategy` changes nothing: bent tokens are known, and none is guessed."""
        del matching_strategy
        self._vault = vault

    def scan(self, prompt: str, output: str) -> Scanned:
        """The reply with values in it; always valid."""
        del prompt
        return self._vault.restored(output), True, NO_RISK


class _InputScanner(Protocol):
    def scan(self, prompt: str) -> Scanned: ...


class _OutputScanner(Protocol):
    def scan(self, prompt: str, output: str) -> Scanned: ...


def scan_prompt(
    scanners: Sequence[_InputScanner], prompt: str, fail_fast: bool = False
) -> tuple[str, dict[str, bool], dict[str, float]]:
    """Give a prompt to each scanner in turn; what each said, by the name of its class."""
    valid: dict[str, bool] = {}
    risk: dict[str, float] = {}
    for scanner in scanners if prompt.strip() else ():
        name = type(scanner).__name__
        prompt, valid[name], risk[name] = scanner.scan(prompt)
        if fail_fast and not valid[name]:
            break
    return prompt, valid, risk


def scan_output(
    scanners: Sequence[_OutputScanner], prompt: str, output: str, fail_fast: bool = False
) -> tuple[str, dict[str, bool], dict[str, float]]:
    """Give a reply to each scanner in turn; what each said, by the name of its class."""
    valid: dict[str, bool] = {}
    risk: dict[str, float] = {}
    for scanner in scanners if output.strip() else ():
        name = type(scanner).__name__
        output, valid[name], risk[name] = scanner.scan(prompt, output)
        if fail_fast and not valid[name]:
            break
    return output, valid, risk
