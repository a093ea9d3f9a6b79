"""The hint that a policy may add to a request: copy the tokens exactly.

Only a request in which something was masked gets it. It goes to the end of the system text that is
there, or comes first where there is none, and is the same text every time, so a provider's prompt
cache keeps what stood before it. No role is added between others, and no message moves.
"""

from __future__ import annotations

from llm_guard_protecto.wire.json_text import JsonText, Path, edit, quote

__all__ = ["DEFAULT_HINT", "hinted"]

DEFAULT_HINT = (
    "Some names, numbers and addresses in this conversation are replaced by code words of random "
    "letters and digits, mostly between tags. When you use one, copy it exactly as it is written, "
    "with its tags. Never translate, shorten, split, complete or explain it."
)

_ROLES = ("system", "developer")
_FIELDS = {"openai_responses": "instructions", "anthropic_messages": "system"}


def hinted(format_: str, body: bytes, hint: bool | str) -> bytes:
    """Return a masked request with the hint in it; as it is, for an API without a system text.

    `format_` is the name of the request's format; `hint` is a policy's: True is `DEFAULT_HINT`.
    """
    text = hint if isinstance(hint, str) else DEFAULT_HINT
    if format_ == "openai_chat":
        return _chat(JsonText(body.decode()), text).encode()
    field = _FIELDS.get(format_)
    return body if field is None else _field(JsonText(body.decode()), field, text).encode()


def _chat(doc: JsonText, hint: str) -> str:
    role = doc.at(("messages", 0, "role"))
    if role is not None and role.value in _ROLES:
        longer = _appended(doc, ("messages", 0, "content"), hint)
        if longer is not None:
            return longer
    span = doc.span(("messages",))
    if span is None or doc.text[span[0]] != "[":
        return doc.text
    said = f'{{"role":"system","content":{_quoted(doc, hint)}}}'
    return _inserted(doc.text, span[0] + 1, said, "]")


def _field(doc: JsonText, name: str, hint: str) -> str:
    """The body with the hint in a field that holds a text, or a list of blocks."""
    longer = _appended(doc, (name,), hint)
    if longer is not None:
        return longer
    here = doc.at((name,))
    if here is not None and here.kind == "literal":
        return edit(doc.text, [(here, hint)])
    if here is not None or doc.span((name,)) is not None or not doc.is_object:
        return doc.text  # something else than a text: not ours to judge
    return _inserted(doc.text, doc.text.index("{") + 1, f'"{name}":{_quoted(doc, hint)}', "}")


def _appended(doc: JsonText, path: Path, hint: str) -> str | None:
    """The body with the hint at the end of the text or the list of parts at `path`, if it is one."""
    leaf = doc.at(path)
    if leaf is not None and leaf.kind == "string":
        return edit(doc.text, [(leaf, f"{leaf.value}\n\n{hint}" if leaf.value else hint)])
    span = doc.span(path) if leaf is None else None
    if span is None or doc.text[span[0]] != "[":
        return None
    end = span[1] - 1
    empty = not doc.text[span[0] + 1 : end].strip()
    part = f'{{"type":"text","text":{_quoted(doc, hint)}}}'
    return f"{doc.text[:end]}{'' if empty else ','}{part}{doc.text[end:]}"


def _inserted(text: str, at: int, member: str, closes: str) -> str:
    """`text` with a first member in the list or object that opens before `at`."""
    comma = "" if text[at:].lstrip().startswith(closes) else ","
    return f"{text[:at]}{member}{comma}{text[at:]}"


def _quoted(doc: JsonText, hint: str) -> str:
    return quote(hint, ascii_only=doc.text.isascii())
