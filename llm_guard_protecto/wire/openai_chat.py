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

from llm_guard_protecto.wire.choices import Choices
from llm_guard_protecto.wire.json_schema import SCHEMA
from llm_guard_protecto.wire.slots import (
    DATA,
    FRAGMENT,
    JSON,
    KEEP,
    NAME,
    SKIP,
    STREAMED,
    TEXT,
    Place,
    refuse,
)
from llm_guard_protecto.wire.walk import Table

__all__ = ["CHAT"]


# Requests -----------------------------------------------------------------------------------------

_NOT_SENT = "so the request was not sent; send its text as a part of type text"

_CACHE_BREAKPOINT = Place({"mode": KEEP, "ttl": KEEP})

_PICTURE = refuse(
    f"a picture cannot be masked, {_NOT_SENT}",
    "images",
    Place(
        {
            "type": KEEP,
            "image_url": SKIP,
            "file_id": KEEP,
            "detail": KEEP,
            "prompt_cache_breakpoint": _CACHE_BREAKPOINT,
        }
    ),
)
_SOUND = refuse(
    f"sound cannot be masked, {_NOT_SENT}",
    "audio",
    Place({"type": KEEP, "input_audio": Place({"data": SKIP, "format": KEEP})}),
)
_FILE_FIELDS = {"file_data": SKIP, "file_id": KEEP, "file_url": SKIP, "filename": TEXT}
_FILE = refuse(
    f"a file cannot be masked, {_NOT_SENT}",
    "files",
    Place({**_FILE_FIELDS, "type": KEEP, "detail": KEEP, "file": Place(_FILE_FIELDS)}),
)


def _content(text: Place) -> Place:
    """Return a message's content: a string or a list of parts. `text` is what a string in it is."""
    part = Place(
        by="type",
        cases={
            "text": Place(
                {"type": KEEP, "text": text, "prompt_cache_breakpoint": _CACHE_BREAKPOINT}
            ),
            "refusal": Place({"type": KEEP, "refusal": text}),
            "image_url": _PICTURE,
            "input_image": _PICTURE,
            "input_audio": _SOUND,
            "file": _FILE,
            "input_file": _FILE,
            None: refuse(
                f"a content part without a type cannot be masked, {_NOT_SENT}",
                "unknown_types",
                DATA,
            ),
        },
        otherwise=refuse(
            f"a content part of this type cannot be masked, {_NOT_SENT}",
            "unknown_types",
            DATA,
        ),
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


CHAT = Choices("openai_chat", REQUEST, REPLY, inside="delta")
"""The `Format` of chat completions: a channel is `(0, "content")`, or for a tool call, which is
named by its own `index`, `(0, "tool_calls", 1, "function", "arguments")`."""
