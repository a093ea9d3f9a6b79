"""The shape of LangChain's `PresidioReversibleAnonymizer`, on a vault: no spaCy, no file of values.

from llm_guard_protecto.integrations.reversible import ReversibleAnonymizer

anonymizer = ReversibleAnonymizer(["PERSON", "PHONE_NUMBER"], vault=vault)
sent = anonymizer.anonymize("Call Sarah Johnson")
print(anonymizer.deanonymize(reply))
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.guard.restore import Restorer
from llm_guard_protecto.guard.tokenmap import TokenMap
from llm_guard_protecto.integrations.presidio_names import policy_for
from llm_guard_protecto.models import IndividualToken, Masked
from llm_guard_protecto.vault import KeepsMaps, Vault

__all__ = ["ReversibleAnonymizer"]

Mapping = dict[str, dict[str, str]]


class ReversibleAnonymizer:
    """Anonymises texts and remembers how to turn back what was made of them. Thread-safe.

    Where the original invents names, this puts tokens in, the same for a value in every process.
    Restoring ignores matching strategies: bent tokens are known, and none is guessed.
    """

    def __init__(
        self,
        analyzed_fields: Sequence[str] | None = None,
        operators: object = None,
        languages_config: object = None,
        add_default_faker_operators: bool = True,
        faker_seed: object = None,
        *,
        vault: Vault,
    ) -> None:
        """`analyzed_fields` are Presidio's names of entities or ours; None: what `default` masks.

        `languages_config` and `faker_seed` choose what there is one of here, and change nothing.
        Raises `ConfigurationError` for operators, which are a policy's business, and unknown names.
        """
        if operators is not None or not add_default_faker_operators:
            raise ConfigurationError("operators are not supported: say it in a policy")
        del languages_config, faker_seed
        self._fields = analyzed_fields
        self._vault = vault
        self._lock = threading.Lock()
        self._known: dict[str, Masked] = {}

    def anonymize(
        self, text: str, language: str | None = None, allow_list: Sequence[str] | None = None
    ) -> str:
        """The text with tokens; `allow_list` names words that stay. Any language is searched."""
        del language
        policy = policy_for(self._fields, allowed=allow_list or ())
        [masked] = self._vault.mask([text], policy)
        with self._lock:
            self._known |= {one.wrapped: _alone(one) for one in masked.individual_tokens}
        return masked.token_value

    def deanonymize(
        self, text_to_deanonymize: str, deanonymizer_matching_strategy: Any = None
    ) -> str:
        """The text with the values of what this object anonymised, of nothing else."""
        del deanonymizer_matching_strategy
        with self._lock:
            tokens = TokenMap.of([*self._known.values()])
        return Restorer(tokens).whole(text_to_deanonymize)

    @property
    def deanonymizer_mapping(self) -> Mapping:
        """By entity: each token and its value. Holds values: log it nowhere."""
        mapping: Mapping = {}
        with self._lock:
            for wrapped, masked in self._known.items():
                [one] = masked.individual_tokens
                mapping.setdefault(one.pii_type, {})[wrapped] = one.value
        return mapping

    @property
    def anonymizer_mapping(self) -> Mapping:
        """The other way round."""
        return {
            entity: {value: token for token, value in pairs.items()}
            for entity, pairs in self.deanonymizer_mapping.items()
        }

    def reset_deanonymizer_mapping(self) -> None:
        """Forget what was anonymised here; the vault keeps its tokens."""
        with self._lock:
            self._known.clear()

    def save_deanonymizer_mapping(self, file_path: str | Path) -> None:
        """Keep the mapping, sealed, in the vault under this name. No file is written."""
        with self._lock:
            known = [*self._known.values()]
        self._keeper().keep([_name(file_path)], known)

    def load_deanonymizer_mapping(self, file_path: str | Path) -> None:
        """Add what was saved under this name, by any process. Raises `ConfigurationError`."""
        [kept] = self._keeper().recall([_name(file_path)])
        if kept is None:
            raise ConfigurationError("no mapping was saved under this name")
        with self._lock:
            self._known |= {one.token_value: one for one in kept}

    def _keeper(self) -> KeepsMaps:
        if not isinstance(self._vault, KeepsMaps):
            raise ConfigurationError("this vault keeps no maps: save the texts and unmask them")
        return self._vault


def _alone(one: IndividualToken) -> Masked:
    """A token as if its value had been anonymised by itself."""
    return Masked(one.value, one.wrapped, (replace(one, start_pos=0, end_pos=len(one.value)),))


def _name(path: str | Path) -> str:
    return f"reversible-anonymizer:{path}"
