"""What a person sees on a terminal: coloured spans and small tables. Never used when piped."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from llm_guard_protecto.engine.explain import Explained
from llm_guard_protecto.entities import ENTITIES
from llm_guard_protecto.models import Masked, Span
from llm_guard_protecto.policy import Policy

__all__ = [
    "console",
    "show_found",
    "show_masked",
    "show_policies",
    "show_policy",
    "show_reasons",
    "style_of",
]

_STYLES = {
    "person": "bold magenta",
    "contact": "bold cyan",
    "place": "bold green",
    "organisation": "bold blue",
    "number": "bold yellow",
    "secret": "bold red",
    "context": "cyan",
}


def style_of(entity: str) -> str:
    """The colour of an entity: one for each family of facts."""
    row = ENTITIES.get(entity)
    return _STYLES[row.family] if row else "bold"


def console() -> Console:
    """The terminal; text that cannot be encoded is shown escaped instead of failing."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure:
        reconfigure(errors="backslashreplace")
    return Console(highlight=False, emoji=False, markup=False)


def show_masked(masked: Iterable[Masked]) -> None:
    """Print each masked text with its tokens coloured, then what stands for what."""
    out = console()
    for one in masked:
        text, at = Text(), 0
        for token in one.individual_tokens:
            text.append(one.value[at : token.start_pos])
            text.append(token.wrapped, style_of(token.pii_type))
            at = token.end_pos
        text.append(one.value[at:])
        out.print(text, soft_wrap=True)
        if one.individual_tokens or one.excluded_entities:
            table = _table("entity", "value", "token")
            for token in one.individual_tokens:
                style = style_of(token.pii_type)
                table.add_row(Text(token.pii_type, style), Text(token.value), Text(token.token))
            for left in one.excluded_entities:
                table.add_row(
                    Text(left.pii_type, "dim"),
                    Text(left.value, "dim"),
                    Text("left as it is", "dim"),
                )
            out.print("", table, "", sep="\n")


def show_found(texts: Sequence[str], found: Iterable[Sequence[Span]]) -> None:
    """Print each text with its spans coloured, then the reasons."""
    out = console()
    for value, spans in zip(texts, found, strict=True):
        text = Text(value)
        table = _table("entity", "place", "text", "score", "rule")
        for span in spans:
            style = style_of(span.entity)
            text.stylize(style, span.start, span.end)
            table.add_row(
                Text(span.entity, style),
                f"{span.start}-{span.end}",
                Text(value[span.start : span.end]),
                f"{span.score:.2f}",
                Text(span.rule),
            )
        out.print(text, soft_wrap=True)
        out.print("", table if table.row_count else Text("nothing found", "dim"), "", sep="\n")


def show_reasons(texts: Sequence[str], reasons: Iterable[Sequence[Explained]]) -> None:
    """Print each text with what is masked in it coloured, then why each find ended as it did."""
    out = console()
    for value, some in zip(texts, reasons, strict=True):
        text = Text(value)
        table = _table("entity", "text", "score", "rule", "outcome")
        for one in some:
            span = one.span
            masked = one.outcome == "masked"
            style = style_of(span.entity) if masked else "dim"
            if masked:
                text.stylize(style, span.start, span.end)
            rule = Text(span.rule)
            if one.words:
                rule.append(f" near {', '.join(one.words)}", "dim")
            table.add_row(
                Text(span.entity, style),
                Text(value[span.start : span.end]),
                f"{span.score:.3f} {'<' if span.score < one.threshold else '≥'} {one.threshold:g}",
                rule,
                Text(one.outcome, style),
            )
        out.print(text, soft_wrap=True)
        out.print("", table if table.row_count else Text("nothing found", "dim"), "", sep="\n")


def show_policies(policies: Iterable[Policy]) -> None:
    """Print one line a policy."""
    table = _table("policy", "what it does")
    for one in policies:
        table.add_row(Text(one.name, "bold"), Text(one.description))
    console().print(table)


def show_policy(policy: Policy) -> None:
    """Print one line an entity."""
    out = console()
    out.print(Text.assemble((policy.name, "bold"), f"  {policy.description}"))
    table = _table("entity", "action", "wrapper", "token")
    for entity, rule in policy.entities.items():
        dim = "dim" if rule.action == "exclude" else ""
        table.add_row(
            Text(entity, dim or style_of(entity)),
            Text(rule.action, dim),
            Text(f"{rule.prefix}…{rule.suffix}", dim),
            Text(f"{rule.kind}, {rule.min_length}-{rule.max_length} a {rule.unit}", dim),
        )
    out.print(table)
    if policy.allow:
        out.print(Text(f"never masked: {', '.join(sorted(policy.allow))}"))


def _table(*columns: str) -> Table:
    table = Table(box=SIMPLE, header_style="dim", show_edge=False, pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold", no_wrap=name in ("entity", "place", "score"))
    return table
