"""Responses API: the parts that a message, an answer or a prompt's variable is made of.

Pictures, sound, files and screenshots cannot be searched, so they are refused, and so is a part of
a type that nobody knows.

`logprobs` of an earlier reply may hold its words in pieces, which nothing can search; ours are
masked, but nobody can tell whose they are. An empty list passes.
"""

from __future__ import annotations

from llm_guard_protecto.wire.slots import DATA, JSON, KEEP, SKIP, TEXT, Place, refuse

__all__ = ["ANSWER", "CONTENT", "NOT_SENT", "PICTURE"]

NOT_SENT = "so the request was not sent"
_BREAKPOINT = Place({"mode": KEEP, "ttl": KEEP})
_SENT_PICTURE = Place(
    {
        "type": KEEP,
        "detail": KEEP,
        "file_id": KEEP,
        "image_url": SKIP,
        "url": SKIP,
        "prompt_cache_breakpoint": _BREAKPOINT,
    }
)
PICTURE = refuse(
    f"a picture cannot be masked, {NOT_SENT}; send its text instead", "images", _SENT_PICTURE
)
_SOUND = refuse(
    f"sound cannot be masked, {NOT_SENT}; send its text instead",
    "audio",
    Place({"type": KEEP, "input_audio": Place({"data": SKIP, "format": KEEP})}),
)
_FILE = refuse(
    f"a file cannot be masked, {NOT_SENT}; send its text instead",
    "files",
    Place(
        {
            "type": KEEP,
            "detail": KEEP,
            "file_data": SKIP,
            "file_id": KEEP,
            "file_url": SKIP,
            "filename": TEXT,
            "prompt_cache_breakpoint": _BREAKPOINT,
        }
    ),
)
_SCREENSHOT = refuse(f"a screenshot cannot be masked, {NOT_SENT}", "images", _SENT_PICTURE)
_PIECES = refuse(
    f"logprobs hold a text in pieces, which cannot be masked, {NOT_SENT}; leave them out",
    "replayed_logprobs",
)
_LOGPROBS = Place(each=_PIECES, other=_PIECES)

_ANNOTATION = Place(
    {
        "type": KEEP,
        "file_id": KEEP,
        "container_id": KEEP,
        "filename": TEXT,
        "title": TEXT,
        "url": TEXT,
        "index": TEXT,
        "start_index": TEXT,
        "end_index": TEXT,
    }
)


def _content(text: Place) -> Place:
    """Return a content: a string or a list of parts. `text` is what a string in it is."""
    said = Place(
        {
            "type": KEEP,
            "text": text,
            "annotations": Place(each=_ANNOTATION),
            "logprobs": _LOGPROBS,
            "prompt_cache_breakpoint": _BREAKPOINT,
        }
    )
    part = Place(
        by="type",
        cases={
            "input_text": said,
            "output_text": said,
            "text": said,
            "reasoning_text": said,
            "summary_text": said,
            "refusal": Place({"type": KEEP, "refusal": TEXT}),
            "encrypted_content": Place({"type": KEEP, "encrypted_content": KEEP}),
            "input_image": PICTURE,
            "image_url": PICTURE,
            "input_audio": _SOUND,
            "input_file": _FILE,
            "computer_screenshot": _SCREENSHOT,
            None: refuse(
                f"a content part without a type cannot be masked, {NOT_SENT}",
                "unknown_types",
                DATA,
            ),
        },
        otherwise=refuse(
            f"a content part of this type cannot be masked, {NOT_SENT}", "unknown_types", DATA
        ),
    )
    # A part that stands alone, not in a list, is a part all the same (a variable of a prompt).
    return Place(
        each=part,
        by="type",
        cases=part.cases,
        otherwise=part.otherwise,
        treat=text.treat,
    )


CONTENT = _content(TEXT)
"""What a message says, or a prompt's variable."""

ANSWER = _content(JSON)
"""What a tool answers, which may be JSON."""
