"""Chat completions: where the text lives in a request, a reply, an error body and a stream event.

Read from the types of the openai SDK, and from what other servers of the same API add. Choices
that are not obvious:

- `user`, `safety_identifier`, `prompt_cache_key` and the values of `metadata` are text: they take
  any characters, so an e-mail address in them is masked as anywhere else, by the same token each
  time, which keeps them usable as identifiers; a hash stays as it is.
- `name` is a participant's name, but on `tool` and `function` messages it is a function's.
- A tool's answer is JSON if it parses as such. A custom tool's input is free text.
- The grammar of a custom tool is text: a value inside it is masked, and comes back in the input.
- Pictures, sound and files cannot be searched, so a request with one is refused.
- `logprobs` of a reply stay masked: they speak of the model's own tokens.
"""

from __future__ import annotations

from collections.abc import Mapping

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.json_schema import SCHEMA
from llm_guard_protecto.wire.json_text import JsonText, Path, quote
from llm_guard_protecto.wire.slots import (
    DATA,
    FRAGMENT,
    JSON,
    KEEP,
    NAME,
    SKIP,
    STREAMED,
    TEXT,
    Channel,
    Delta,
    Place,
    Slot,
    refuse,
)
from llm_guard_protecto.wire.walk import Table

__all__ = ["CHAT", "REPLY", "REQUEST", "ChatCompletions"]


# Requests -----------------------------------------------------------------------------------------

_NOT_SENT = "so the request was not sent; send its text as a part of type text"

_CACHE_BREAKPOINT = Place({"mode": KEEP, "ttl": KEEP})


def _content(text: Place) -> Place:
    """Return a message's content: a string or a list of parts. `text` is what a string in it is."""
    part = Place(
        by="type",
        cases={
            "text": Place(
                {"type": KEEP, "text": text, "prompt_cache_breakpoint": _CACHE_BREAKPOINT}
            ),
            "refusal": Place({"type": KEEP, "refusal": text}),
            "image_url": refuse(f"a picture cannot be masked, {_NOT_SENT}"),
            "input_image": refuse(f"a picture cannot be masked, {_NOT_SENT}"),
            "input_audio": refuse(f"sound cannot be masked, {_NOT_SENT}"),
            "file": refuse(f"a file cannot be masked, {_NOT_SENT}"),
            "input_file": refuse(f"a file cannot be masked, {_NOT_SENT}"),
            None: refuse(f"a content part without a type cannot be masked, {_NOT_SENT}"),
        },
        otherwise=refuse(f"a content part of this type cannot be masked, {_NOT_SENT}"),
        treat=text.treat,
    )
    return Place(each=part, treat=text.treat)


_CALLED_FUNCTION = Place({"name": KEEP, "arguments": JSON})

_TOOL_CALL = Place(
    {
        "id": KEEP,
        "type": KEEP,
        "function": _CALLED_FUNCTION,
        "custom": Place({"name": KEEP, "input": TEXT}),
    }
)


def _message(text: Place, name: Place) -> Place:
    return Place(
        {
            "role": KEEP,
            "content": _content(text),
            "name": name,
            "refusal": TEXT,
            "audio": Place({"id": KEEP}),
            "tool_calls": Place(each=_TOOL_CALL),
            "function_call": _CALLED_FUNCTION,
            "tool_call_id": KEEP,
        }
    )


_SPOKEN = _message(text=TEXT, name=NAME)
_ANSWERED = _message(text=JSON, name=KEEP)

_MESSAGE = Place(by="role", cases={"tool": _ANSWERED, "function": _ANSWERED}, otherwise=_SPOKEN)

_FUNCTION = Place({"name": KEEP, "description": TEXT, "parameters": SCHEMA})

_TOOL = Place(
    {
        "type": KEEP,
        "function": _FUNCTION,
        "custom": Place(
            {
                "name": KEEP,
                "description": TEXT,
                "format": Place(
                    {"type": KEEP, "grammar": Place({"syntax": KEEP, "definition": TEXT})}
                ),
            }
        ),
    }
)

_NAMED = Place({"name": KEEP})

_TOOL_CHOICE_FIELDS = {"type": KEEP, "function": _NAMED, "custom": _NAMED}

_TOOL_CHOICE = Place(
    {
        **_TOOL_CHOICE_FIELDS,
        "allowed_tools": Place(
            {"mode": KEEP, "tools": Place(each=Place({**_TOOL_CHOICE_FIELDS, "name": KEEP}))}
        ),
    },
    keep=True,
)

_MODERATED = Place({"mode": KEEP})

# Settings that are numbers or switches. TEXT, so that a string in their place is still searched,
# while the number itself is not: a seed is not a telephone number.
_NUMBERS = dict.fromkeys(
    (
        "frequency_penalty",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "n",
        "parallel_tool_calls",
        "presence_penalty",
        "seed",
        "store",
        "stream",
        "temperature",
        "top_logprobs",
        "top_p",
    ),
    TEXT,
)

_REQUEST = Place(
    {
        **_NUMBERS,
        "messages": Place(each=_MESSAGE),
        "model": KEEP,
        "audio": Place({"format": KEEP, "voice": Place({"id": KEEP}, keep=True)}),
        "function_call": Place({"name": KEEP}, keep=True),
        "functions": Place(each=_FUNCTION),
        "logit_bias": Place(other=TEXT),
        "metadata": DATA,
        "modalities": KEEP,
        "moderation": Place(
            {"model": KEEP, "policy": Place({"input": _MODERATED, "output": _MODERATED})}
        ),
        "prediction": Place({"type": KEEP, "content": _content(TEXT)}),
        "prompt_cache_key": TEXT,
        "prompt_cache_options": Place({"mode": KEEP, "ttl": KEEP}),
        "prompt_cache_retention": KEEP,
        "reasoning_effort": KEEP,
        "response_format": Place(
            {
                "type": KEEP,
                "json_schema": Place({"name": KEEP, "description": TEXT, "schema": SCHEMA}),
            }
        ),
        "safety_identifier": TEXT,
        "service_tier": KEEP,
        "stop": TEXT,
        "stream_options": Place({"include_obfuscation": TEXT, "include_usage": TEXT}),
        "tool_choice": _TOOL_CHOICE,
        "tools": Place(each=_TOOL),
        "user": TEXT,
        "verbosity": KEEP,
        "web_search_options": Place(
            {
                "search_context_size": KEEP,
                "user_location": Place(
                    {
                        "type": KEEP,
                        "approximate": Place(
                            {"city": TEXT, "country": TEXT, "region": TEXT, "timezone": TEXT}
                        ),
                    }
                ),
            }
        ),
    }
)


REQUEST = Table(_REQUEST)


# Replies, whole and streamed ----------------------------------------------------------------------


def _reply_fields(text: Place, arguments: Place) -> Mapping[str, Place]:
    """Return the fields of a `message` or, with places for pieces of text, of a `delta`."""
    function = Place({"name": SKIP, "arguments": arguments})
    return {
        "role": SKIP,
        "content": text,
        "refusal": text,
        "reasoning_content": text,
        "reasoning": text,
        "audio": Place({"id": SKIP, "data": SKIP, "transcript": text}),
        "tool_calls": Place(
            each=Place(
                {
                    "id": SKIP,
                    "type": SKIP,
                    "function": function,
                    "custom": Place({"name": SKIP, "input": text}),
                }
            )
        ),
        "function_call": function,
    }


_CHOICE = Place(
    {
        "finish_reason": SKIP,
        "logprobs": SKIP,
        "message": Place(_reply_fields(TEXT, JSON)),
        # A provider's own field of a delta (`thinking`) is most likely streamed text as well.
        "delta": Place(_reply_fields(STREAMED, FRAGMENT), other=STREAMED),
    }
)

_REPLY = Place(
    {
        "id": SKIP,
        "object": SKIP,
        "model": SKIP,
        "system_fingerprint": SKIP,
        "service_tier": SKIP,
        "usage": SKIP,
        "moderation": SKIP,
        "obfuscation": SKIP,
        "choices": Place(each=_CHOICE),
    }
)

REPLY = Table(_REPLY)

# Fields of an event that an event made by us does not repeat.
_ONCE = frozenset({"choices", "usage", "obfuscation"})


class ChatCompletions:
    """The `Format` of chat completions.

    A channel is the number of the choice and the way from its `delta` to the text; a tool call is
    named by its own `index`: `(0, "content")`, `(0, "tool_calls", 1, "function", "arguments")`.
    """

    name = "openai_chat"

    def request_slots(self, doc: JsonText) -> list[Slot]:
        """See `Format`. Pictures, sound, files and unknown content parts are refused."""
        if not doc.is_object:
            raise UnknownFormat("the body of a chat completion must be a JSON object")
        return [slot for slot, _ in REQUEST.slots(doc)]

    def reply_slots(self, doc: JsonText) -> list[Slot]:
        """See `Format`."""
        return [slot for slot, stream in REPLY.slots(doc, numbers=False) if not stream]

    def deltas(self, doc: JsonText) -> list[Delta]:
        """See `Format`."""
        streamed = [slot for slot, stream in REPLY.slots(doc, numbers=False) if stream]
        indexes = _indexes(doc) if streamed else {}
        return [Delta(_channel(slot.path, indexes), slot.leaf, slot.treat) for slot in streamed]

    def ends(self, doc: JsonText) -> list[Channel]:
        """See `Format`. A choice ends with the event that gives its `finish_reason`."""
        finished = [
            path[:2]
            for path, _, _, kind, value in doc.leaves
            if kind == "string"
            and path[2:] == ("finish_reason",)
            and path[0] == "choices"
            and value
        ]
        indexes = _indexes(doc) if finished else {}
        return [_channel(path, indexes) for path in finished]

    def flush_event(self, doc: JsonText, channel: Channel, text: str) -> str:
        """See `Format`. Everything but `choices` is taken over from `doc` as it is written."""
        ascii_only = doc.text.isascii()
        choice, *way = channel
        members = [
            f"{doc.text[key.start : key.end]}:{doc.text[value.start : value.end]}"
            for key, value in zip(doc.leaves, doc.leaves[1:], strict=False)
            if key.kind == "key" and key.path == value.path and len(key.path) == 1
            if key.value not in _ONCE
        ]
        piece = quote(text, ascii_only=ascii_only)
        for part in reversed(way):
            if isinstance(part, int):
                piece = f'[{{"index":{part},{piece[1:]}]'
            else:
                piece = f"{{{quote(part, ascii_only=ascii_only)}:{piece}}}"
        members.append(f'"choices":[{{"index":{choice},"delta":{piece},"finish_reason":null}}]')
        return "{" + ",".join(members) + "}"


CHAT = ChatCompletions()
"""The one instance that is needed."""


def _indexes(doc: JsonText) -> dict[Path, int]:
    """Return what each object with an `index` says there: the way choices and calls are told apart."""
    return {
        path[:-1]: int(value)
        for path, _, _, kind, value in doc.leaves
        if kind == "number" and path[-1:] == ("index",) and value.isdecimal()
    }


def _channel(path: Path, indexes: Mapping[Path, int]) -> Channel:
    """Turn `choices[0].delta.tool_calls[0]…` into a channel; without an `index`, by position."""
    parts: list[str | int] = []
    for end, part in enumerate(path, 1):
        if isinstance(part, int):
            parts.append(indexes.get(path[:end], part))
        elif end > 3 or part not in ("choices", "delta"):
            parts.append(part)
    return tuple(parts)
