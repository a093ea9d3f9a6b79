"""`docs/coverage.md`, made of the cells that were run.

python -m tests.matrix     # runs all of them and writes the page
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tests.matrix.calls import REFUSED, refused_calls
from tests.matrix.endpoints import ENDPOINTS
from tests.matrix.run import RESTORED, SENT, Cell
from tests.matrix.run_readings import NO_TEXT, WITHOUT_A_BODY

__all__ = ["PAGE", "field_of", "page"]

_CALL = re.compile(r"\A[A-Z]+ /\S+(?= is not covered)")
PAGE = Path(__file__).parents[2] / "docs/coverage.md"

_HEAD = """\
# What is covered, place by place

This page is generated from the tables of the code and from tests that ran; `python -m tests.matrix` writes it, and a test fails when it is not true.

Every call below was made with the real SDKs to a real server, once for each place of its body that can hold text, with a value that must not leave at that place.
A place counts as *masked and restored* when the bytes that the server received do not hold the value, and the object that the SDK returned does.
It counts as *refused* when nothing was sent and the SDK raised its own error with our message.
Two kinds of words are meant for the provider or for a server behind it, and are *sent as they are*: see [below](#sent-as-they-are).

The numbers of a row hold for each of these ways to call, without exception:

{ways}

A body that is read by a table inside another one (a tool inside a message, a schema inside a tool) is counted there once, and once at each place where it can stand.
"""

_SENT_AS_THEY_ARE = """\
## Sent as they are

What must come back byte for byte, what a schema is built of, and credentials for somebody else.
If such a value also stands in a text of the same request and is masked there, the request is refused.

| Field | Places |
|---|---|
{rows}
"""

_WITHOUT_A_BODY = """\
## Calls without a JSON body

These were run in the same ways: with a value that must not leave in the path, in the query and at every place of an upload's form, and with a reply that holds at each of its texts what an earlier call masked.
An id in a path or a query is a word of the API; one that could be more than that is refused.
What is counted is the places; a number stands behind those that are many.

| Call | Masked, and restored in the reply | Refused |
|---|---|---|
{rows}
"""


def page(cells: Mapping[str, Sequence[Cell]]) -> str:
    """The page, of the cells of each SDK family by its name."""
    newest = [cell for some in cells.values() for cell in some]
    parts = [_HEAD.format(ways="\n".join(_ways(cells)))]
    order = [endpoint.name for endpoint in ENDPOINTS]
    for name in dict.fromkeys(order):
        verdicts = {cell.location: cell.verdict for cell in newest if cell.endpoint == name}
        parts.append(_endpoint(name, verdicts))
    parts += [_readings(newest), _refused_calls()]
    places = Counter(
        field_of(location)
        for _, location in {(c.endpoint, c.location) for c in newest if c.verdict == SENT}
    )
    rows = "\n".join(f"| `{field}` | {number} |" for field, number in sorted(places.items()))
    parts.append(_SENT_AS_THEY_ARE.format(rows=rows))
    parts.append(_reasons(newest))
    return "\n".join(parts)


def _ways(cells: Mapping[str, Sequence[Cell]]) -> Iterable[str]:
    for name in cells:
        yield f"- {name}: blocking and async, plain and (where the call has events) streamed"


def _endpoint(name: str, verdicts: Mapping[str, str]) -> str:
    fields: dict[str, Counter[str]] = {}
    for location, verdict in verdicts.items():
        kind = verdict.partition(":")[0]
        fields.setdefault(_top(location), Counter())[kind] += 1
    alike: dict[str, list[str]] = {}
    for field, n in sorted(fields.items()):
        numbers = " | ".join(map(_number, (n[RESTORED], n["refused"], n[SENT])))
        alike.setdefault(numbers, []).append(f"`{field}`")
    rows = [
        f"| {', '.join(names)}{' (each)' if len(names) > 1 else ''} | {numbers} |"
        for numbers, names in alike.items()
    ]
    head = [f"## {name}", "", "| Field | Masked and restored | Refused | Sent as it is |"]
    return "\n".join([*head, "|---|---|---|---|", *rows, ""])


def _number(number: int) -> str:
    return str(number) if number else "–"


def _top(location: str) -> str:
    for end, sign in enumerate(location):
        if sign in ".[({ =":
            return location[:end] or "any other field"
    return location


def field_of(location: str) -> str:
    """The last field that a location names, without what tells its kinds apart."""
    plain = location.partition(" = ")[0] if " = " in location else location
    name = plain.rpartition(".")[2]
    for sign in "[({":
        name = name.partition(sign)[0]
    if location.endswith("{key}"):
        return f"{name} (a name in it)"
    return name


def _reasons(cells: Sequence[Cell]) -> str:
    reasons: dict[str, set[tuple[str, str]]] = {}
    for cell in cells:
        kind, _, reason = cell.verdict.partition(": ")
        if kind == "refused":
            reason = _CALL.sub("METHOD PATH", reason)
            reasons.setdefault(reason, set()).add((cell.endpoint, cell.location))
    rows = "\n".join(f"| {reason} | {len(at)} |" for reason, at in sorted(reasons.items()))
    return f"## Refused, and why\n\n| Message | Places |\n|---|---|\n{rows}\n"


def _readings(cells: Sequence[Cell]) -> str:
    names = dict.fromkeys(one.name for one in WITHOUT_A_BODY)
    rows = []
    for name in names:
        mine = {cell.location: cell.verdict for cell in cells if cell.endpoint == name}
        restored = [at for at, verdict in mine.items() if verdict == RESTORED]
        refused = [at for at, verdict in mine.items() if verdict.startswith("refused")]
        if NO_TEXT in mine.values():
            restored = ["(no text is read)"]
        rows.append(f"| `{name}` | {_some(restored)} | {_some(refused)} |")
    return _WITHOUT_A_BODY.format(rows="\n".join(rows))


def _some(locations: Sequence[str]) -> str:
    """Locations for a cell of the page; many of one object are a number."""
    few: Counter[str] = Counter()
    for at in locations:
        kind, found, _ = at.partition("].")
        few[f"{kind}]…" if found and at.startswith("reply") else at] += 1
    tops = Counter[str]()
    for at, number in few.items():
        field = at.partition("[")[0] if at.startswith("reply") else at
        tops[field] += number
    return ", ".join(f"{at} ({n})" if n > 1 else at for at, n in tops.items()) or "–"


def _refused_calls() -> str:
    calls = "\n".join(f"- {sdk}: {', '.join(names)}" for sdk, names in refused_calls().items())
    return f"## Calls that are refused\n\n{REFUSED}\n\n{calls}\n"
