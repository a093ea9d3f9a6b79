"""Finds as a web page: one file, nothing loaded from anywhere, readable in light and in dark.

Colour says the family of an entity; the same is written beside each span, in its title and in a
table, so that nothing is said by colour alone. The page shows clear values.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from html import escape

from llm_guard_protecto.engine.explain import Explained
from llm_guard_protecto.entities import ENTITIES

__all__ = ["page"]

_FAMILIES = {
    "person": "people",
    "contact": "contact",
    "place": "places",
    "organisation": "organisations",
    "number": "numbers",
    "secret": "secrets",
    "context": "context",
    "own": "the policy's own",
}

# (light background, light text, dark background, dark text): 7:1 or better on each other
_COLOURS = {
    "person": ("#f6d7ee", "#6b0f4f", "#4d1440", "#ffd0f1"),
    "contact": ("#cdecf3", "#0a4755", "#0c3f4c", "#c4f0fa"),
    "place": ("#d5efd3", "#174d14", "#1a4418", "#d0f5cd"),
    "organisation": ("#d6e2fb", "#173a80", "#1b3568", "#d5e3ff"),
    "number": ("#fbe9c3", "#5c3d00", "#4d3605", "#ffe9b8"),
    "secret": ("#fbd9d5", "#7a130a", "#5c150f", "#ffd9d4"),
    "context": ("#e4e4ea", "#3a3a48", "#3b3b47", "#e6e6f0"),
    "own": ("#e5dcfa", "#432a80", "#3a2a68", "#e6dcff"),
}

_STYLE = """
:root { color-scheme: light dark; --back: #fdfdfc; --ink: #1d1d22; --soft: #5b5b66; --line: #d9d9df }
@media (prefers-color-scheme: dark) {
  :root { --back: #16161a; --ink: #ececf1; --soft: #a9a9b6; --line: #3a3a44 }
}
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1.25rem 4rem; background: var(--back);
  color: var(--ink); font: 1rem/1.6 system-ui, sans-serif }
h1 { font-size: 1.4rem; margin: 0 0 .25rem } h2 { font-size: 1.05rem; margin: 2.5rem 0 .75rem }
p.note { color: var(--soft); margin: 0 0 1rem }
ul.legend { display: flex; flex-wrap: wrap; gap: .5rem; list-style: none; margin: 0; padding: 0 }
ul.legend span { border-radius: .3rem; padding: .1rem .55rem; font-size: .9rem }
pre { border: 1px solid var(--line); border-radius: .5rem; font: 1rem/2 ui-monospace, monospace;
  margin: 0; overflow-wrap: anywhere; padding: .75rem 1rem; white-space: pre-wrap }
mark { border-radius: .25rem; padding: .1rem .25rem; -webkit-box-decoration-break: clone;
  box-decoration-break: clone }
mark small { font: 600 .65rem/1 system-ui, sans-serif; letter-spacing: .02em; margin-left: .35rem;
  user-select: none; vertical-align: .1em }
mark.left { background: none; color: inherit; outline: 1px dashed var(--soft) }
div.table { margin-top: 1rem; overflow-x: auto }
table { border-collapse: collapse; font-size: .9rem; width: 100% }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .75rem .35rem 0; text-align: left;
  vertical-align: top } th { color: var(--soft); font-weight: 600; white-space: nowrap }
td { overflow-wrap: anywhere } td.value { font-family: ui-monospace, monospace; min-width: 11rem }
td:last-child, td.score { overflow-wrap: normal; white-space: nowrap }
td.score { font-variant-numeric: tabular-nums; white-space: nowrap }
"""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def page(texts: Sequence[str], reasons: Sequence[Sequence[Explained]]) -> str:
    """A whole HTML document that shows each text and the finds in it."""
    counts = Counter(
        _family(one.span.entity) for some in reasons for one in some if one.outcome == "masked"
    )
    legend = "".join(
        f'<li><span class="{family}">{_FAMILIES[family]}: {counts[family]}</span></li>'
        for family in _FAMILIES
        if counts[family]
    )
    body = "".join(
        _section(number, text, some, alone=len(texts) == 1)
        for number, (text, some) in enumerate(zip(texts, reasons, strict=True), 1)
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>What would be masked</title>\n<style>{_STYLE}{_colours()}</style>\n</head>\n"
        "<body>\n<main>\n<h1>What would be masked</h1>\n"
        '<p class="note">This page shows clear values. Filled: masked. '
        "Dashed: found and left in clear.</p>\n"
        f'<ul class="legend" aria-label="Masked values by kind">{legend}</ul>\n'
        f"{body}</main>\n</body>\n</html>\n"
    )


def _section(number: int, text: str, reasons: Sequence[Explained], *, alone: bool) -> str:
    title = "The text" if alone else f"Text {number}"
    rows = "".join(_row(text, one) for one in reasons)
    table = (
        '<div class="table"><table>\n<thead><tr><th scope="col">entity</th>'
        '<th scope="col">text</th><th scope="col">score</th><th scope="col">rule</th>'
        f'<th scope="col">outcome</th></tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n'
        if rows
        else '<p class="note">Nothing found.</p>\n'
    )
    return (
        f'<section aria-labelledby="text-{number}">\n<h2 id="text-{number}">{title}</h2>\n'
        f'<pre dir="auto">{_marked(text, reasons)}</pre>\n{table}</section>\n'
    )


def _marked(text: str, reasons: Sequence[Explained]) -> str:
    """The text with a mark around what is masked and what the policy leaves in clear."""
    parts: list[str] = []
    at = 0
    for one in reasons:
        span = one.span
        if one.outcome not in ("masked", "excluded", "allowed") or span.start < at:
            continue
        kind = _family(span.entity) if one.outcome == "masked" else "left"
        said = _shown(f"{span.entity}, {one.outcome}, score {span.score:.2f}, rule {span.rule}")
        parts += [
            _shown(text[at : span.start]),
            f'<mark class="{kind}" title="{said}">',
            _shown(text[span.start : span.end]),
            f"<small>{_shown(span.entity)}</small></mark>",
        ]
        at = span.end
    return "".join([*parts, _shown(text[at:])])


def _row(text: str, one: Explained) -> str:
    span = one.span
    near = f"; near {', '.join(one.words)}" if one.words else ""
    return (
        f'<tr><th scope="row">{_shown(span.entity)}</th>'
        f'<td class="value">{_shown(text[span.start : span.end])}</td>'
        f'<td class="score">{span.score:.3f} (from {one.threshold:g})</td>'
        f"<td>{_shown(span.rule + near)}</td><td>{one.outcome}</td></tr>\n"
    )


def _family(entity: str) -> str:
    row = ENTITIES.get(entity)
    return row.family if row else "own"


def _shown(text: str) -> str:
    """Text as HTML: nothing in it is markup, and control characters can be seen."""
    return escape(_CONTROL.sub(lambda one: chr(0x2400 + min(ord(one[0]), 0x21)), text))


def _colours() -> str:
    light = "".join(
        f".{family} {{ background: {back}; color: {ink} }}\n"
        for family, (back, ink, _, _) in _COLOURS.items()
    )
    dark = "".join(
        f".{family} {{ background: {back}; color: {ink} }}\n"
        for family, (_, _, back, ink) in _COLOURS.items()
    )
    return f"{light}@media (prefers-color-scheme: dark) {{\n{dark}}}\n"
