"""The last look at a call before it leaves: no value that it masks may stand in it in clear.

This reads the bytes that are about to leave, with a parser of its own, and knows nothing of the
table by which they were masked. So it finds what slipped through a hole in a table, a body that
was put together wrongly, and a value that the vault masked in one text and left in another.

A value may stand in clear, and then it is no leak,

- in a masked text, where the vault says that it left it (`excluded_entities`, longer words, what
  a policy allows);
- in what can only be a word of the API: a name of a field, a word made of the signs that ids,
  models, modes and function names are made of, a number. Prompts speak of the tools that a call
  offers. Only values that cannot be such a word by chance count there: those with an `@` or nine
  digits or more.

Texts are compared as they are spelt, at the borders of words where a value is a word itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any
from urllib.parse import unquote, unquote_plus

from llm_guard_protecto.errors import EgressBlocked
from llm_guard_protecto.guard.looked import DEEPEST, ESCAPE, OPENS, Looked, has_borders, look
from llm_guard_protecto.models import Masked, rebuild
from llm_guard_protecto.wire.json_text import Path
from llm_guard_protecto.wire.walk import where

__all__ = ["scan"]

_WORD_OF_AN_API = re.compile(r"[A-Za-z0-9_.:/+=|~#$-]*")


def scan(
    body: bytes, path: str, query: str, answer: Sequence[Masked], before: Looked | None = None
) -> Looked:
    """Look through a call for every value that `answer` masked; return what was seen.

    `body` is what is about to leave, `path` and `query` are the URL's, `answer` holds what the
    vault said of each text of the call. `before` is what was seen at an earlier turn of the same
    chat: what begins with the same signs needs to be read only for values that are new. Raises
    `EgressBlocked` when a value stands in clear where none may; the message names the place and
    no value. Linear in the size of both.
    """
    urls = [unquote(path), unquote_plus(query)]
    looked = look(body, urls, answer, before)
    looked.scanned = len(body) + len(path) + len(query)
    if looked.suspects:
        _judge(looked.text, path, query, answer, list(looked.suspects))
    return looked


_LISTS_OF_NAMES = frozenset(("required", "dependentRequired", "propertyOrdering"))
"""Where a schema names its properties once more."""


# What follows is rare: a value stands somewhere, and the question is where.


def _judge(
    text: str, path: str, query: str, answer: Sequence[Masked], values: Sequence[str]
) -> None:
    """Raise `EgressBlocked` if one of `values` stands where none may."""
    masked = {one.token_value: one for one in answer}
    # A value that was masked as a whole, such as a participant's name, is looked for nowhere else.
    searched = {
        token.value for one in answer if one.token_name is None for token in one.individual_tokens
    }
    whole = _parsed(text)
    lines = text.split("\n") if whole is None else ()
    documents = [_parsed(line) or line for line in lines] if whole is None else [whole]
    leaves = [leaf for document in documents for leaf in _leaves((), document, masked, 0)]
    names = {said for _, said, is_name in leaves if is_name}
    for place, said, is_name in leaves:
        one = masked.get(said)
        if one is not None and not is_name:
            left = _left(one, said)
            hit = any(v in searched and _stands(v, piece) for piece in left for v in values)
        else:
            listed = not _LISTS_OF_NAMES.isdisjoint(place) and said in names
            hit = _leaks(values, said, is_name or listed)
        if hit:
            raise _blocked(where(place))
    for what, parts in (
        ("the path of the URL", map(unquote, path.split("/"))),
        ("the query of the URL", map(unquote_plus, re.split("[&=]", query))),
    ):
        if any(_leaks(values, part, False) for part in parts):
            raise _blocked(what)


def _parsed(text: str) -> Any:
    """What a JSON text holds, each object as a list of its members; None if it is none."""
    try:
        return json.loads(text, object_pairs_hook=_Members, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return None


class _Members(list[tuple[str, Any]]):
    """The members of one object, a doubled key included."""


def _leaves(
    path: Path, value: Any, masked: dict[str, Masked], depth: int
) -> Iterator[tuple[Path, str, bool]]:
    """Every string, key and number with its place, and whether it is a key."""
    if isinstance(value, _Members):
        for key, inner in value:
            yield (*path, key), key, True
            yield from _leaves((*path, key), inner, masked, depth)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves((*path, index), inner, masked, depth)
    elif isinstance(value, str):
        within = None
        if value not in masked and value[:1] in OPENS and depth < DEEPEST:
            within = _parsed(value)
        if isinstance(within, list):
            yield from _leaves(path, within, masked, depth + 1)
        else:
            yield path, value, False
            if "\\" in value and value not in masked:
                yield path, ESCAPE.sub(" ", value), False


def _leaks(values: Iterable[str], text: str, is_name: bool) -> bool:
    """Whether one of `values` stands in a text that nobody masked."""
    if is_name or _WORD_OF_AN_API.fullmatch(text):
        values = filter(_is_hard, values)
    return any(map(partial(_stands, text=text), values))


def _left(one: Masked, sent: str) -> list[str]:
    """What the vault left of a text, and did not say that it would leave."""
    if rebuild(one.value, one.individual_tokens) != sent:
        return [sent]
    spans = [(token.start_pos, token.end_pos) for token in one.individual_tokens]
    spans += [(left.start_pos, left.end_pos) for left in one.excluded_entities]
    pieces: list[str] = []
    at = 0
    for start, end in sorted(spans):
        if start > at:
            pieces.append(one.value[at:start])
        at = max(at, end)
    return [*pieces, one.value[at:]]


def _is_hard(value: str) -> bool:
    """Whether a value cannot be a word of an API by chance."""
    return "@" in value or sum(map(str.isdigit, value)) >= 9


def _stands(value: str, text: str) -> bool:
    """Whether `value` stands in `text`: as words of its own, or anywhere if it is a hard one."""
    free = _is_hard(value) or not has_borders(value)
    at = text.find(value)
    while at >= 0:
        end = at + len(value)
        if free or not (_inside_word(text, at) or _inside_word(text, end)):
            return True
        at = text.find(value, at + 1)
    return False


def _inside_word(text: str, at: int) -> bool:
    return 0 < at < len(text) and _wordy(text[at - 1]) and _wordy(text[at])


def _wordy(character: str) -> bool:
    return character.isalnum() or character == "_"


def _blocked(place: str) -> EgressBlocked:
    return EgressBlocked(
        f"{place} still holds a value that is masked elsewhere in this call, so it was not sent"
    )
