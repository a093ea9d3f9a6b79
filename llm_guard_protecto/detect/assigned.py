"""Secrets where they are set: `password = "…"`, `"pwd": "…"`, `postgres://user:…@host`.

Only the secret itself is reported, without quotes, closing brackets or the rest of the line. What
looks up a secret (`os.environ["KEY"]`, `get_password()`, `${TOKEN}`) or compares one is left alone.
"""

from __future__ import annotations

import re
from typing import Final

from llm_guard_protecto.detect.checks import has_digit, random_looking
from llm_guard_protecto.detect.expression import expression

__all__ = ["basic_login", "password", "pin", "said_password", "secret", "url_password"]

_Place = tuple[int, int] | None

_LONGEST: Final = 512
_QUOTED: Final = expression(
    r"\"((?:[^\"\\\n]|\\.){1,256})\"|'((?:[^'\\\n]|\\.){1,256})'|`([^`\n]{1,256})`"
)
_BARE: Final = expression(
    r"[^\s\"'`<>,;&|]*(?:&(?!\w{1,40}=|(?:quot|amp|lt|gt|apos|#\w{2,6})\b)[^\s\"'`<>,;&|]*)*"  # up to the next `&name=` of a query
)
_NOT_A_SECRET: Final = expression(
    r"(?:\$\{?|\{|<|%|\(|\[|@\{|process\.|os\.|env[.\[]|\*{2,}|x{4,}|\.{3}|-{3,}|_{3,}|//|/\*|\\)",
    re.IGNORECASE,
)
_WORDS: Final = expression(
    r"(?:none|null|nil|true|false|yes|no|str|string|text|bytes|bool|int|float|any|object|"
    r"undefined|optional|required|password|passwd|pwd|pass|secret|token|key|value|type|"
    r"input|hidden|field|example|placeholder|default|empty|incorrect|correct|wrong|"
    r"invalid|valid|missing|expired|changed|reset|set|sent|needed|protected|encrypted|"
    r"hashed|unknown|redacted|masked|not|the|your|my|must|should|that|this|what|for|and|"
    r"or|basic|bearer|changed-password|api_key|apikey|username|user|login|self)\Z",
    re.IGNORECASE,
)
_CALL: Final = expression(
    r"[\w.]+\s*[(\[]|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$|[A-Za-z_]+(?:_[A-Za-z]+)+$"
)
_NAME_CHARACTERS: Final = expression(r"[A-Za-z0-9_-]*$")
_VERB: Final = expression(
    r"(?:\b(?:is|was|ist|lautet|war|est|es|era|to):?|[èé])[ \t]*[\"'`]?.$",
    re.DOTALL | re.IGNORECASE,
)
_KNOWN_WORDS: Final = """
    sha1 sha256 sha512 md5 base64 oauth2 utf8 ipv4 ipv6 v1 v2 v3 bcrypt argon2 pbkdf2 1password
    password1 password2 windows10 windows11 http2 s3 ec2 win32 x64 x86 h264 mp3 mp4 2fa
"""
_KNOWN: Final = frozenset(_KNOWN_WORDS.split())


def password(text: str, start: int, end: int) -> _Place:
    """The value of a candidate such as `my_password = "x` (the match ends in the value)."""
    inside = text[start - 1 : start].isalpha() and not text[start].isupper()
    if inside and text[start : start + 5] != "passw":  # `compass: 1`, but dbPassword, dbpassword
        return None
    place = _value(text, start, end)
    if place is None:
        return None
    first, last, quoted = place
    value = text[first:last]
    if len(value) < 4 or _is_no_secret(value):
        return None
    if value.startswith("/") and "pwd" in text[start:end].lower():  # the working directory
        return None
    if quoted:
        return None if " " in value and "phrase" not in text[start:end].lower() else (first, last)
    strong = (has_digit(value) or any(not c.isalnum() for c in value[1:-1])) and len(value) >= 5
    if _VERB.search(text[start:end]):
        return (first, last) if strong and not _CALL.match(value) else None
    if _CALL.match(value):
        return None
    if strong or _alone(text, start, last):
        return first, last
    return None


def said_password(text: str, _start: int, end: int) -> _Place:
    """`log in with password Tr0ub4dor&3`: no sign between, so the value must look like one."""
    first = end - 1
    opened = text[first - 1] if text[first - 1] in "'\"`" else ""
    bare = _BARE.match(text, first, first + _LONGEST // 8)
    if bare is None:
        return None
    last = bare.end()
    while last > first and text[last - 1] in ".,:;)!?]":
        last -= 1
    value = text[first:last]
    if len(value) < _SHORTEST_SAID or _is_no_secret(value) or value.lower() in _KNOWN:
        return None
    if (
        _CALL.match(value)
        or any(c in value for c in "=(){}[]/\\|")
        or text[last : last + 1] in ("=", "(")
    ):
        return None
    letters = sum(map(str.isalpha, value))
    figures = sum(map(str.isdigit, value))
    if opened:
        return (
            (first, last)
            if text[last : last + 1] == opened and (figures or letters < len(value))
            else None
        )
    return (first, last) if figures and letters > 1 and not _VERSION.fullmatch(value) else None


_SHORTEST_SAID: Final = 6
_VERSION: Final = expression(
    r"[A-Za-z]+-?\d(?:\.\d+)*|\d+(?:-[a-z]+|st|nd|rd|th|[a-z]{1,2})", re.IGNORECASE
)


def pin(text: str, start: int, end: int) -> _Place:
    """The digits of a PIN; without a sign before them only after `PIN` in capitals."""
    first = end
    while text[first - 1].isdigit():
        first -= 1
    label = text[start:first]
    after = text[end : end + 2]
    if (
        after[:1] in (".", "-", ",", ":")
        and after[1:].isdigit()
        or start
        and text[start - 1] in "_./-"
    ):
        return None
    if label.strip().lower() == "pin" and not label.startswith("PIN"):
        return None
    return first, end


def secret(text: str, start: int, end: int) -> _Place:
    """The value given to a name such as `api_key`; it must look made by a machine."""
    if start and text[start - 1].isalpha() and not text[start].isupper():
        return None
    place = _value(text, start, end)
    if place is None:
        return None
    first, last, _ = place
    value = text[first:last]
    if value.lower().startswith(("bearer ", "basic ", "token ")):
        first += value.index(" ") + 1
        value = text[first:last]
    if (
        len(value) < 12
        or " " in value
        or "=" in value.rstrip("=")
        or _NOT_A_SECRET.match(value)
        or _WORDS.match(value)
    ):
        return None
    if not random_looking(value) or "(" in value or "://" in value or value.count("/") > 4:
        return None
    return first, last


def url_password(text: str, start: int, end: int) -> _Place:
    """The password of `scheme://user:password@`."""
    first = text.index(":", text.index("://", start) + 3) + 1
    last = end - 1
    value = text[first:last]
    if _is_no_secret(value) or value.isspace():
        return None
    return first, last


def basic_login(text: str, start: int, end: int) -> _Place:
    """The password of `curl -u name:password`."""
    first = text.index(":", start) + 1
    return None if _is_no_secret(text[first:end]) else (first, end)


def _value(text: str, start: int, end: int) -> tuple[int, int, bool] | None:
    """(start, end, quoted) of what is assigned; the candidate ends with its first character."""
    first = end - 1
    separator = text[start:first].rstrip("\"' \t")
    if text[first] in "=:" or separator.endswith(("==", "!=", "<=", ">=", "::")):
        return None
    if " " in text[start:end].strip() and re.match(
        r"(?i)(?:bearer|basic|token|apikey) ", text[start:end]
    ):
        first = start + text[start:end].index(" ") + 1
        while text[first] == " ":
            first += 1
        return first, end, False
    if text[first - 1 : first] in ("'", '"', "`"):
        quoted = _QUOTED.match(text, first - 1, first + _LONGEST)
        if quoted:
            return quoted.start() + 1, quoted.end() - 1, True
    bare = _BARE.match(text, first, first + _LONGEST // 2)
    if bare is None:
        return None
    last = bare.end()
    while last > first and text[last - 1] in ".,:)]}" and not _opened(text, first, last):
        last -= 1
    return (first, last, False) if last > first else None


def _opened(text: str, first: int, last: int) -> bool:
    """Whether the closing bracket at the end was opened within the value."""
    opener = {")": "(", "]": "[", "}": "{"}.get(text[last - 1])
    return opener is not None and opener in text[first:last]


def _is_no_secret(value: str) -> bool:
    return (
        bool(_NOT_A_SECRET.match(value))
        or _WORDS.match(value.strip("_-.!?")) is not None
        or len(set(value)) == 1
        or value.lower().startswith(("your", "my_", "my-", "enter ", "<"))
    )


def _alone(text: str, start: int, last: int) -> bool:
    """Whether `name: value` is all there is on the line (`PASSWORD=swordfish`)."""
    low = max(start - 64, 0)
    line = text.rfind("\n", low, start) + 1 or low
    after = text[last : last + 1]
    lead = text[line:start].strip()
    return (
        (not lead or _NAME_CHARACTERS.match(lead) is not None)
        and (not after or after in "\r\n;&")
        and " = " not in text[start:last]
    )
