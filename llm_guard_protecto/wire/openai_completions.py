"""Text completions, the older API: a prompt in, choices of text out.

`logprobs` of a reply stay masked, as they do in chat: they speak of the model's own tokens, and
their offsets count in the masked text. With `echo` the prompt comes back in the text, restored.
"""

from __future__ import annotations

from llm_guard_protecto.wire.choices import Choices
from llm_guard_protecto.wire.slots import KEEP, SKIP, STREAMED, TEXT, Place
from llm_guard_protecto.wire.walk import Table

__all__ = ["COMPLETIONS"]

_NUMBERS = dict.fromkeys(
    (
        "best_of",
        "echo",
        "frequency_penalty",
        "logprobs",
        "max_tokens",
        "n",
        "presence_penalty",
        "seed",
        "stream",
        "temperature",
        "top_p",
    ),
    TEXT,
)

_REQUEST = Place(
    {
        **_NUMBERS,
        "model": KEEP,
        "prompt": Place(
            number_refusal="a prompt of token ids cannot be masked; send its text instead",
            number_key="token_ids",
        ),
        "suffix": TEXT,
        "stop": TEXT,
        "user": TEXT,
        "logit_bias": Place(other=TEXT),
        "stream_options": Place({"include_obfuscation": TEXT, "include_usage": TEXT}),
    }
)

_REPLY = Place(
    {
        "id": SKIP,
        "object": SKIP,
        "model": SKIP,
        "system_fingerprint": SKIP,
        "usage": SKIP,
        "choices": Place(
            each=Place({"finish_reason": SKIP, "logprobs": SKIP, "text": STREAMED}, other=STREAMED)
        ),
    }
)

COMPLETIONS = Choices("openai_completions", Table(_REQUEST), Table(_REPLY))
"""The `Format` of text completions. A channel is `(0, "text")`."""
