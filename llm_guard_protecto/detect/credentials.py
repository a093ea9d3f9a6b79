"""The table of secrets: the keys of `providers`, private keys, passwords where they are set.

A key without a shape of its own counts where it is assigned to a name that says so.
"""

from __future__ import annotations

from typing import Final

from llm_guard_protecto.detect.assigned import (
    basic_login,
    password,
    pin,
    said_password,
    secret,
    url_password,
)
from llm_guard_protecto.detect.checks import random_looking
from llm_guard_protecto.detect.expression import expression
from llm_guard_protecto.detect.pattern import Pattern
from llm_guard_protecto.detect.providers import KEYS

__all__ = ["CREDENTIALS"]

_END_OF_KEY: Final = expression(
    r"-----END [A-Z0-9 ]{0,40}-----|---- END [A-Z0-9 ]{0,40}----|\bPrivate-MAC: [0-9a-f]{8,128}"
)
_NEW_LINE: Final = r"(?:\s|\\[nr]){1,8}"
_KEY_LINES: Final = expression(
    rf"(?:{_NEW_LINE}(?:[A-Za-z-]{{3,30}}: [^\n]{{1,100}}|[A-Za-z0-9+/]{{16,200}}={{0,2}}))*"
    rf"(?:{_NEW_LINE}[A-Za-z0-9+/]{{1,76}}={{0,2}}(?![\w+/]))?"
)
_NEXT_KEY: Final = expression(r"BEGIN |PuTTY-User-Key")
_LONGEST_KEY: Final = 20_000


def _whole_key(text: str, start: int, end: int) -> tuple[int, int]:
    """From the opening line of a private key to its closing one, or as far as its lines go."""
    stop = min(len(text), end + _LONGEST_KEY)
    following = _NEXT_KEY.search(text, end, stop)
    if following:  # never into the next key, so that many openings stay linear
        stop = following.start()
    closing = _END_OF_KEY.search(text, end, stop)
    if closing:
        return start, closing.end()
    lines = _KEY_LINES.match(text, end, stop)
    return start, lines.end() if lines else end


_NAMED_LOGIN: Final = (
    r"(?:pass(?:word|wd|phrase|code|wort)?s?|pwd|pswd|kennwort|contrase(?:\xc3\xb1|n)a|mot de passe|mdp"
    r"|clave(?: de acceso)?|senha|palavra[ -]passe|wachtwoord|parola|passord|l\xc3\xb6senord|has\xc5\x82o)"
)
_PIN: Final = r"\bpin(?:[ -]?(?:code|number|nummer|kode))?"
_NAMED_KEY: Final = (
    r"(?:api[ _-]?(?:key|token|secret)|secret(?:[ _-]?(?:access)?[ _-]?key)?|client[ _-]?secret"
    r"|(?:access|auth|refresh|bearer|session|private|id)?[ _-]?token|access[ _-]?key(?:[ _-]?id)?"
    r"|private[ _-]?key|signing[ _-]?key|encryption[ _-]?key|account[ _-]?key|app[ _-]?key"
    r"|credentials?|webhook[ _-]?secret|license[ _-]?key)"
)
_SET: Final = (
    r"[\x22']?\]?[ \t]{0,3}(?::=|=>|[:=]|\b(?:is|was|ist|lautet|war|est|es|era|to)\b:?|\xc3[\xa8\xa9] )"
    r"[ \t]{0,3}[\x22'\x60]?[^\s\x22'\x60]"
)

CREDENTIALS: Final = (
    *(Pattern("API_KEY", shape, score=0.97, name=f"key_{name}") for name, shape in KEYS),
    Pattern(
        "PRIVATE_KEY",
        r"---- ?-?BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)? ?-----?",
        score=0.99,
        name="private_key",
        fit=_whole_key,
    ),
    Pattern(
        "PRIVATE_KEY",
        r"\bPuTTY-User-Key-File-[23]: [a-z0-9-]+",
        score=0.99,
        name="putty_key",
        fit=_whole_key,
    ),
    Pattern("PASSWORD", rf"(?i){_NAMED_LOGIN}{_SET}", score=0.9, name="password", fit=password),
    Pattern(
        "PASSWORD",
        r"(?i)\b(?:password|passwort|kennwort|passcode|contrase\xc3\xb1a|mot de passe|wachtwoord|senha)"
        r" [\x22'\x60]?[^\s\x22'\x60]",
        score=0.85,
        name="password_said",
        fit=said_password,
    ),
    Pattern(
        "PASSWORD",
        rf"(?i){_PIN}(?:: ?|=| (?:is|ist|lautet|est|es|\xc3[\xa8\xa9]) | ?)\d{{4,8}}\b",
        score=0.85,
        name="pin",
        fit=pin,
    ),
    Pattern(
        "PASSWORD",
        r"\b[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s:/@\x22'<>]{0,64}:[^\s@\x22'<>/]{1,128}@",
        score=0.99,
        name="password_url",
        fit=url_password,
    ),
    Pattern(
        "PASSWORD",
        r"(?:\s-u|--user)[ =][\x22']?[^\s:\x22']+:[^\s:\x22']+",
        score=0.9,
        name="password_option",
        fit=basic_login,
    ),
    Pattern("API_KEY", rf"(?i){_NAMED_KEY}{_SET}", score=0.85, name="secret", fit=secret),
    Pattern(
        "API_KEY",
        r"(?i)\b(?:bearer|basic|token|apikey)[ ]+[A-Za-z0-9_.~+/=-]{16,}",
        score=0.9,
        name="authorization",
        fit=secret,
    ),
    Pattern(
        "API_KEY",
        r"\b[A-Za-z0-9+/]{40}\b",
        random_looking,
        ("aws", "secret access key", "amazon"),
        0.2,
        0.9,
        "aws_secret",
    ),
)
