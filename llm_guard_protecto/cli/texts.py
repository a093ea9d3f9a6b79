"""The commands that take texts: `mask`, `unmask`, `find`."""

from __future__ import annotations

from llm_guard_protecto.cli.answers import done, masked_item, span_item, unmasked_item
from llm_guard_protecto.cli.options import (
    JsonOption,
    LinesOption,
    PolicyOption,
    TextArguments,
    VaultOption,
    choose_policy,
    open_vault,
)
from llm_guard_protecto.cli.streams import on_a_terminal, read_texts, write, write_json

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
    with open_vault(vault) as opened:
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
    with open_vault(vault) as opened:
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
    json: JsonOption = False,
) -> None:
    """Show what would be masked, and which rule found it. Nothing is stored.

    Piped, each find is a line: text number, start, end, entity, score, rule.
    """
    chosen = choose_policy(policy)
    texts = read_texts(text, lines=lines)
    with open_vault(vault) as opened:
        found = opened.find(texts.items, chosen)
    if json:
        write_json([[span_item(span) for span in spans] for spans in found])
    elif on_a_terminal():
        from llm_guard_protecto.cli.show import show_found

        show_found(texts.items, found)
    else:
        for number, spans in enumerate(found, 1):
            for span in spans:
                row = [number, *span_item(span).values()]
                write("\t".join(map(str, row)) + "\n")
