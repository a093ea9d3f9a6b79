"""The commands that take texts: `mask`, `unmask`, `find`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from llm_guard_protecto.cli.answers import (
    done,
    explained_item,
    masked_item,
    span_item,
    unmasked_item,
)
from llm_guard_protecto.cli.options import (
    ExplainOption,
    HtmlOption,
    JsonOption,
    LinesOption,
    PolicyOption,
    TextArguments,
    VaultOption,
    choose_policy,
    open_any_vault,
    open_vault,
)
from llm_guard_protecto.cli.streams import (
    on_a_terminal,
    read_texts,
    write,
    write_json,
    write_private,
)

if TYPE_CHECKING:
    from llm_guard_protecto.engine.explain import Explained

__all__ = ["find", "mask", "unmask"]


def mask(
    text: TextArguments = None,
    vault: VaultOption = None,
    policy: PolicyOption = None,
    lines: LinesOption = False,
    json: JsonOption = False,
) -> None:
    """Mask texts: every personal value becomes a token that only this vault can turn back."""
    chosen = choose_policy(policy)
    texts = read_texts(text, lines=lines)
    with open_any_vault(vault) as opened:
        masked = opened.mask(texts.items, chosen)
    if json:
        write_json(done([masked_item(one) for one in masked]))
    elif on_a_terminal():
        from llm_guard_protecto.cli.show import show_masked

        show_masked(masked)
    else:
        texts.write(one.token_value for one in masked)


def unmask(
    text: TextArguments = None,
    vault: VaultOption = None,
    policy: PolicyOption = None,
    lines: LinesOption = False,
    json: JsonOption = False,
) -> None:
    """Turn every token of this vault back into its value."""
    chosen = choose_policy(policy)
    texts = read_texts(text, lines=lines)
    with open_any_vault(vault) as opened:
        unmasked = opened.unmask(texts.items, chosen)
    if json:
        write_json(done([unmasked_item(one) for one in unmasked]))
    else:
        texts.write(one.value for one in unmasked)


def find(
    text: TextArguments = None,
    vault: VaultOption = None,
    policy: PolicyOption = None,
    lines: LinesOption = False,
    explain: ExplainOption = False,
    html: HtmlOption = None,
    json: JsonOption = False,
) -> None:
    """Show what would be masked, and which rule found it. Nothing is stored.

    Piped, each find is a line: text number, start, end, entity, score, rule; with --explain also
    what the policy does with it, its threshold, and the context words that lifted the score.
    """
    if html is not None and json:
        raise typer.BadParameter("--html and --json cannot go together")
    chosen = choose_policy(policy)
    texts = read_texts(text, lines=lines)
    with open_vault(vault) as opened:
        if not explain and html is None:
            found = opened.find(texts.items, chosen)
        else:
            reasons = opened.explain(texts.items, chosen)
    if html is not None:
        from llm_guard_protecto.cli.page import page

        write_private(html, page(texts.items, reasons))
    elif explain:
        _show_reasons(texts.items, reasons, json=json)
    elif json:
        write_json([[span_item(span) for span in spans] for spans in found])
    elif on_a_terminal():
        from llm_guard_protecto.cli.show import show_found

        show_found(texts.items, found)
    else:
        for number, spans in enumerate(found, 1):
            for span in spans:
                row = [number, *span_item(span).values()]
                write("\t".join(map(str, row)) + "\n")


def _show_reasons(
    texts: Sequence[str], reasons: Sequence[Sequence[Explained]], *, json: bool
) -> None:
    if json:
        write_json([[explained_item(one) for one in some] for some in reasons])
    elif on_a_terminal():
        from llm_guard_protecto.cli.show import show_reasons

        show_reasons(texts, reasons)
    else:
        for number, some in enumerate(reasons, 1):
            for one in some:
                *row, words = explained_item(one).values()
                write("\t".join(map(str, [number, *row, ", ".join(words)])) + "\n")
