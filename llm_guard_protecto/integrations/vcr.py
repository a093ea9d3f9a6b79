"""Cassettes of vcrpy without values: masked when they are written, restored when they are read.

    recorder = vcr.VCR(serializer="masked")
    recorder.register_serializer("masked", MaskedCassettes(LocalVault("cassettes.db")))

    with recorder.use_cassette("letter.yaml"):
        client.post(...)

The whole cassette is masked in one call, so a value found in one place of it is masked in all of
them. Whoever has the vault reads the values again; anyone else (`restore=False`) tokens. Calls of a
protected client are masked before they are recorded, so plain vcrpy is enough for those.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from llm_guard_protecto.errors import ConfigurationError, UnknownFormat
from llm_guard_protecto.integrations.vcr_bodies import Body, Changed, body_of
from llm_guard_protecto.integrations.vcr_places import SECRET, address_of, header_of
from llm_guard_protecto.vault import PolicyChoice, Vault

__all__ = ["MaskedCassettes"]


class MaskedCassettes:
    """A serializer for `VCR.register_serializer`: YAML like vcrpy's own, without values.

    Strings of JSON bodies and of JSON lines, the text of event streams (also where a value is cut
    between two events), whole bodies of any other text, path and query of addresses, and headers
    are masked; headers that carry a secret are left empty. Compressed bodies are unpacked first.
    A long number that is masked becomes a string. Hosts, and the keys of JSON objects, stay.
    """

    def __init__(
        self,
        vault: Vault,
        policy: PolicyChoice = None,
        *,
        restore: bool = True,
        binary: bool = False,
    ) -> None:
        """`restore`: turn tokens back when a cassette is read. `binary`: keep bodies that are no
        text as they are, instead of refusing to write them.

        Raises `ConfigurationError` when vcrpy is not installed.
        """
        try:
            from vcr.filters import decode_response
            from vcr.serializers import yamlserializer
        except ImportError:
            raise ConfigurationError("cassettes need vcrpy: pip install vcrpy") from None
        self._yaml, self._unpacked = yamlserializer, decode_response
        self._vault, self._policy = vault, policy
        self._restore, self._binary = restore, binary

    def serialize(self, cassette: Mapping[str, Any]) -> str:
        """The text of a cassette file.

        Raises `UnknownFormat` for a body that is no text, and what the vault raises.
        """
        tape: dict[str, Any] = copy.deepcopy(dict(cassette))
        for exchange in tape["interactions"]:
            for part in exchange.values():
                _without_secrets(part)
            exchange["response"] = self._unpacked_response(exchange["response"])
            exchange["request"] = self._unpacked_request(exchange["request"])
        bodies = list(self._bodies(tape, strict=True))
        texts = [text for body in bodies for text in body.texts]
        masked = iter(self._vault.mask(texts, self._policy))
        for body in bodies:
            body.write([Changed.of(next(masked)) for _ in body.texts])
        text: str = self._yaml.serialize(tape)
        return text

    def deserialize(self, text: str) -> dict[str, Any]:
        """What is in a cassette file."""
        tape: dict[str, Any] = self._yaml.deserialize(text)
        if not (self._restore and isinstance(tape, dict) and tape.get("interactions")):
            return tape
        bodies = list(self._bodies(tape, strict=False))
        texts = [text for body in bodies for text in body.texts]
        restored = iter(self._vault.unmask(texts, self._policy))
        for body in bodies:
            answers = [next(restored) for _ in body.texts]
            body.write([Changed(one.token_value, one.value) for one in answers])
        return tape

    def _bodies(self, tape: Mapping[str, Any], *, strict: bool) -> Iterator[Body]:
        """Everything in a cassette that holds texts. On reading nothing is refused."""
        for exchange in tape["interactions"]:
            asked, answered = exchange["request"], exchange["response"]
            yield address_of(asked)
            for part, holder, key in (
                (asked, asked, "body"),
                (answered, answered["body"], "string"),
            ):
                for name, values in part["headers"].items():
                    yield from header_of(name, values)
                content = holder[key]
                if content is None or content in ("", b""):
                    continue
                if isinstance(content, str):
                    yield body_of(content, _kind(part["headers"]), holder, key)
                elif strict and not self._binary:
                    raise UnknownFormat(
                        "a recorded body is no text, so the cassette was not written; "
                        "binary=True keeps such bodies"
                    )

    def _unpacked_response(self, answered: dict[str, Any]) -> dict[str, Any]:
        unpacked: dict[str, Any] = self._unpacked(answered)
        unpacked["body"]["string"] = _text(unpacked["body"]["string"])
        return unpacked

    def _unpacked_request(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The same for a request, which vcrpy itself leaves as it is."""
        if not isinstance(asked.get("body"), (bytes, bytearray)):
            return asked
        form = {"headers": asked["headers"], "body": {"string": bytes(asked["body"])}}
        unpacked = self._unpacked_response(form)
        return asked | {"headers": unpacked["headers"], "body": unpacked["body"]["string"]}


def _without_secrets(part: MutableMapping[str, Any]) -> None:
    for name in part["headers"]:
        if name.lower() in SECRET:
            part["headers"][name] = [""]


def _kind(headers: Mapping[str, Any]) -> str:
    """The content type that headers tell, in lower case."""
    for name, values in headers.items():
        if name.lower() == "content-type":
            said = values if isinstance(values, str) else (values or [""])[0]
            return str(said).partition(";")[0].strip().lower()
    return ""


def _text(content: Any) -> Any:
    if not isinstance(content, (bytes, bytearray)):
        return content
    try:
        return bytes(content).decode()
    except UnicodeDecodeError:
        return content
