"""Names of accounts: `login: jdoe`, `/home/jdoe`, `@jdoe`; not the ones in source code.

What only names a variable (`user=user`, `login: str`), a decorator, an annotation, a package
scope or a part of an e-mail address is left alone.
"""

from __future__ import annotations

import re
from typing import Final

from llm_guard_protecto.detect.expression import expression

__all__ = ["ACCOUNT_NAMES", "account_name", "handle", "home", "of_the_web"]

_Place = tuple[int, int] | None

_SAID: Final = (
    "user[ _-]?name|screen[ _-]?name|nick[ _-]?name|account[ _-]?name|login[ _-]?(?:name|id)"
    "|(?:benutzer|nutzer|anmelde|login|konto)[ -]?name|benutzerkennung|nom d['’ ]?utilisateur"
    "|nombre de usuario|nome utente|nome de (?:usuário|utilizador)|gebruikersnaam|inlognaam"
)
ACCOUNT_NAMES: Final = (
    f"(?:{_SAID}|user[ _-]?id|user|login|log(?:ged|gs)? in|logon|nick|handle|benutzer|utilisateur"
    "|identifiant|usuario|usuário|utilizador|gebruiker|utente)"
)
"""What the name of an account is called, in the syntax of the engine and of `re`."""

_SET: Final = expression(
    rf"_?(?P<name>{ACCOUNT_NAMES})(?P<shut>[\"']?) {{0,2}}"
    r"(?:(?P<sign>:=|=>|[:=>])|(?P<verb>is|as|was|ist|lautet|est|es|è|é)\b)? {0,2}(?P<open>[\"'`@]?)"
    r"(?P<value>[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9_])?)",
    re.IGNORECASE,
)
_SAID_WORD: Final = expression(_SAID, re.IGNORECASE)
_NO_NAMES_WORDS: Final = """
    a all an and any anonymous api app are args at auth bool by bytes can cannot char class client
    config data default empty error exists expected false field for form from get group guest has
    have hidden id in input int integer invalid is it key length list login logged long mandatory
    me missing model must my myself name names nil no node none not null number object of off ok on
    optional or out param pass passwd password pattern profile public pwd read request required
    response result role root runner self service session set shared should str string system
    table test text that the their this to token true type unique unknown unset update user
    userid username users utf8 utf-8 valid value varchar was when who will with yes you your
    oauth oauth2 sha1 sha256 md5 base64 ipv4 ipv6 http2 page button screen story interface
    experience account failed attempt attempts successful via using closed open opened unavailable
    collections nuevo nueva neu new nouveau nuovo novo incorrect incorrecto falsch inconnu ungültig
"""
_NO_NAMES: Final = frozenset(_NO_NAMES_WORDS.split())
_NOTES_WORDS: Final = """
    abstract after all apply attribute author autowired bean before brief builder category charset
    channel classmethod code component config configuration container controller copyright data
    define deprecated dataclass entity everyone example exception export extends extend file font-face
    fixture forward function getter here id implements import include inherit inheritdoc inject
    interface internal jsonproperty keyframes layer license link media mention methodof method
    mixin mock module name namespace nonnull notnull nullable see service setter since staticmethod
    override overload package page param parameter parametrize pathvariable private property
    protected public pytest readonly ref repository requestbody requestparam rest return returns
    suppresswarnings synthesize template test throws todo trait try transactional type typedef types
    use using value var version warn when wraps charset supports container tailwind end selector
    internal_link yield raise async cached_property lru_cache contextmanager
"""
_NOTES: Final = frozenset(_NOTES_WORDS.split())
_NOT_PEOPLE_WORDS: Final = """
    shared public default admin administrator root runner user ubuntu ec2-user app node vagrant
    circleci build builder jenkins git www www-data postgres oracle linuxbrew travis me myuser
    username yourname your-name your_user youruser name vscode codespace gitpod coder student
    nodeuser web_user webuser myself dist someuser someone testuser
"""
_NOT_PEOPLE: Final = frozenset(_NOT_PEOPLE_WORDS.split())
_ROW: Final = expression(r"[ \t]*(?:[-*>#|][ \t]*)?[\"'\w .-]{0,24}\Z")
_ENDS: Final = expression(r"[.!]?\s*\Z|[.!]?\s*\n|\. [A-Z]")
_LOG: Final = expression(r"[ ,;\]]+[\w.-]+=")


def account_name(text: str, start: int, end: int) -> _Place:
    """The name that is set or said: `username: jdoe`, `user=jdoe action=…`, `user jdoe_42`."""
    before = text[start - 1] if start else " "
    if before.isalnum() or before in ".$@/-&?" and text[start] != "_" and before not in "&?":
        return None
    found = _SET.match(text, start, min(len(text), end + 64))
    if found is None:
        return None
    value, first, last = found["value"], found.start("value"), found.end("value")
    after = text[last : last + 1]
    if after in ("(", "[", "@", "{", "/", "\\", "$", "<") or value.lower() in _NO_NAMES:
        return None
    if len(value) < 2 or not any(c.isalpha() for c in value):
        return None
    marked = any(c.isdigit() or c == "_" for c in value[1:])
    sign, opened, name = found["sign"], found["open"], found["name"].lower()
    if opened in ("'", '"', "`") and sign:
        return (first, last) if after == opened and (" " not in value) else None
    if opened == "@":
        return (first, last) if found.end("shut") < found.start("open") else None
    if after in ("'", '"', "`"):
        return None
    if "." in value and not value.rpartition(".")[0].replace(".", "").isalpha():
        marked = True
    dotted = "." in value and not marked
    if sign == "=":
        logged = _LOG.match(text, last, last + 40) is not None
        alone = _alone(text, start, last)
        tight = text[first - 1] == "="
        return (first, last) if tight and (marked or logged or alone) and after != "." else None
    if sign in (":", "=>", ">", ":="):
        if dotted or value[0].isupper() and not marked and not _alone(text, start, last):
            return None
        said = _ENDS.match(text, last) is not None and _SAID_WORD.fullmatch(name) is not None
        counts = marked and after != "." or said or _alone(text, start, last)
        return (first, last) if counts else None
    if name.startswith(("log", "nick", "handle")) and found["verb"] is None and name != "login":
        return None
    ends = found["verb"] is not None and after in ("", "\n", ".", ",", ";", ")")
    if ends and len(value) > 2 and _SAID_WORD.fullmatch(name):
        return first, last
    if not marked or len(value) < 4 or text[start : found.end("name")].startswith("_"):
        return None
    return first, last


def _alone(text: str, start: int, last: int) -> bool:
    """Whether `Name: value` is a line of a form or list."""
    low = max(start - 40, 0)
    line = text.rfind("\n", low, start) + 1 or low
    after = text[last : last + 2].rstrip(" \r")
    return _ROW.match(text[line:start]) is not None and (not after or after[0] in "\n;|")


def home(text: str, start: int, end: int) -> _Place:
    """The owner of a home directory."""
    first = max(text.rfind("/", start, end), text.rfind("\\", start, end)) + 1
    while end > first and text[end - 1] in "._-":
        end -= 1
    value = text[first:end].lower()
    if len(value) < 2 or value in _NOT_PEOPLE or (start and text[start - 1].isalnum()):
        return None
    return first, end


def handle(text: str, start: int, end: int) -> _Place:
    """`@name` as people call each other; without the `@` sign's neighbours of code and mail."""
    before = text[start - 1] if start else "\n"
    name = text[start + 1 : end]
    if before not in " \t\n\r(\"'“‘,;:>*_[|" or name.lower() in _NOTES or name.isdigit():
        return None
    after = text[end : end + 2]
    if after[:1] in ("/", "(", "{", "=", "-", "@", "\\", "<") or (
        after[:1] in (".", ":") and after[1:].isalnum()
    ):
        return None
    line = text[max(0, start - 60) : start].rpartition("\n")[2].strip()
    if not line or line in ("*", "//", "#"):  # decorators and tags open a line
        told = line in ("*", "#") and after[:1] in (":", " ") and _PARAMETER.match(text, end)
        return None if told or not _chat(text, end) else (start, end)
    if line.endswith(("/**", '"""')):
        return None
    if line[-1] in "(,*" and name[0].isupper():  # `(@Nullable String x`
        return None
    if before in "\"'" and text[end : end + 1] == before:  # `"@type": …`
        return None
    return start, end


_PARAMETER: Final = expression(r":\s|[ ]{2,}| \w+ [A-Z]")


_CHAT: Final = expression(
    r"[,:!?]?[ ]+(?:[a-z']+[ ,!?.]|[a-z']+$|\d|@\w)|[,!?]|[ ]*[\U0001f300-\U0001faff]"
)


def _chat(text: str, end: int) -> bool:
    """Whether a line that opens with `@name` goes on as a message does."""
    line = text[end : end + 48].partition("\n")[0]
    return _CHAT.match(line) is not None and not any(c in line for c in "{}()=;<>")


def of_the_web(text: str, start: int, end: int) -> _Place:
    """A name at a site: nothing of an address, a path or a longer word around it."""
    before = text[start - 1] if start else " "
    after = text[end : end + 2]
    if before in "/" and text[start : start + 2] == "u/":
        before = text[start - 2] if start > 1 else " "
    if before in "/.-_@#:$\\" or after[:1] in ("@", "/", "_", "(", "-"):
        return None
    if after[:1] in (".", ":") and after[1:].isalnum():
        return None
    return start, end
