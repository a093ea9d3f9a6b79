"""Mask and unmask: one body in, a list of items out, in every mode that Protecto documents."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from llm_guard_protecto.engine import LocalVault
from llm_guard_protecto.engine.render import loose, wrapped
from llm_guard_protecto.engine.scores import Scores
from llm_guard_protecto.engine.tokenise import RUN
from llm_guard_protecto.engine.whole import whole_rule
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.models import Item, Unmasked
from llm_guard_protecto.policy import Policy
from llm_guard_protecto.server.messages import Refusal, masked_item, unmasked_item
from llm_guard_protecto.server.settings import Settings

__all__ = ["NO_POLICY", "listed", "mask", "unmask", "wants_unmask"]

NO_POLICY = "Policy doesn't exist."
ECHOED = ("attributes", "attribute")


def wants_unmask(body: Any) -> bool:
    """Whether a body sent to `/mask` asks to unmask, as one printed example does."""
    return isinstance(body, dict) and "unmask" in body and "mask" not in body


def mask(vault: LocalVault, body: Any, settings: Settings) -> list[dict[str, Any]]:
    """The `data` of a mask answer. Raises `Refusal` with Protecto's own messages."""
    entries = listed(body, "mask", settings)
    items = [_item(entry) for entry in entries]
    name = _policy_name(body)
    try:
        masked = vault.mask(items, name)
    except ConfigurationError:
        _policy(vault, name)  # refuses a name that nobody knows
        raise
    limit = settings.output_limit
    if limit is not None and any(len(one.token_value) > limit for one in masked):
        raise Refusal(f"Masked data exceeds the approved limit of {limit} characters")
    return [masked_item(one) | _echoed(entry) for one, entry in zip(masked, entries, strict=True)]


def unmask(vault: LocalVault, body: Any, settings: Settings) -> list[dict[str, Any]]:
    """The `data` of an unmask answer. Raises `Refusal` with Protecto's own messages.

    What holds no token, or tokens among which one is known, is answered. When every item is
    nothing but tokens that are not known here (or can never be turned back), the request fails.
    """
    entries = listed(body, "unmask", settings)
    if entries == [{}]:
        raise Refusal("Payload is empty")
    texts = [_token_value(entry) for entry in entries]
    name = _policy_name(body)
    try:
        unmasked = vault.unmask(texts, name)
    except ConfigurationError:
        _policy(vault, name)  # refuses a name that nobody knows
        raise
    restored = [_resolved(vault, one) for one in unmasked]
    if all(one.value == one.token_value for one in restored):
        policy = _policy(vault, name)
        if all(_only_tokens(one.value, policy) for one in restored):
            raise Refusal("Unmasking of given token values failed.")
    return [
        unmasked_item(one) | _echoed(entry) for one, entry in zip(restored, entries, strict=True)
    ]


def listed(body: Any, key: str, settings: Settings) -> list[Any]:
    """The list that a body has under `key`; not empty, and not too long."""
    if not isinstance(body, dict) or not isinstance(body.get(key), list):
        raise Refusal(f"{key} data missing")
    entries: list[Any] = body[key]
    if not entries:
        raise Refusal("Payload is empty")
    if len(entries) > settings.items_limit:
        raise Refusal(f"A request has at most {settings.items_limit} items", 413)
    return entries


def _policy_name(body: Mapping[str, Any]) -> str | None:
    name = body.get("policy_name")
    if name is None or isinstance(name, str):
        return name
    raise Refusal(NO_POLICY)


def _policy(vault: LocalVault, name: str | None) -> Policy:
    try:
        return vault.policy(name)
    except ConfigurationError:
        raise Refusal(NO_POLICY) from None


def _item(entry: Any) -> Item:
    """One value to mask. A number or truth value counts as its JSON text."""
    if not isinstance(entry, dict):
        raise Refusal("Missing value")
    value = _text(entry.get("value"))
    if not value:
        raise Refusal("Missing value")
    name, form = entry.get("token_name"), entry.get("format")
    if name is not None and not isinstance(name, str):
        raise Refusal("Missing token_name")
    if form is not None and not isinstance(form, str):
        raise Refusal("Missing format")
    item = Item(value, name, form)
    try:
        whole_rule(item)
    except ConfigurationError as error:
        message = str(error)
    else:
        return item
    raise Refusal(message)


def _token_value(entry: Any) -> str:
    if not isinstance(entry, dict):
        raise Refusal("Missing token value field")
    key = "token_value" if "token_value" in entry else "value"
    if key not in entry:
        raise Refusal("Missing token value field")
    text = _text(entry[key])
    if not text or not text.strip():
        raise Refusal("Missing token value")
    return text


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, (bool, int, float)) else None


def _echoed(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: entry[key] for key in ECHOED if key in entry}


def _resolved(vault: LocalVault, one: Unmasked) -> Unmasked:
    """A lone token that may be an ordinary number or name was asked for by its caller."""
    if one.value != one.token_value:
        return one
    value = vault.resolve(one.token_value)
    if value is None:
        return one
    scored = one.toxicity_analysis is not None
    return Unmasked(value, one.token_value, Scores(value) if scored else None)


def _only_tokens(text: str, policy: Policy) -> bool:
    """Whether a text is written like tokens from end to end: a wrapped one, or bare runs."""
    text = text.strip()
    pairs: Sequence[tuple[str, str]] = (*policy.wrappers, *Policy.built_in().wrappers)
    for pair in wrapped(text, tuple(pairs)):
        if (pair.start, pair.end) == (0, len(text)):
            return True
    runs = RUN.findall(text)
    return bool(runs) and len(loose(text)) == len(runs)
