"""`mask_each` over any vault, and cells of a token type."""

from __future__ import annotations

import pytest

from llm_guard_protecto import LocalVault
from llm_guard_protecto.bulk import Cells, TokenType, mask_each, unmask_each
from llm_guard_protecto.bulk.cells import token_types, turned
from llm_guard_protecto.engine import audit_read
from llm_guard_protecto.engine.audit import AuditSettings
from llm_guard_protecto.engine.audit_read import AuditEntry
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.vault import MasksEach
from tests.clients.tiny_vault import TinyVault


def test_a_vault_that_masks_one_request_at_a_time_is_asked_for_each_cell() -> None:
    vault = TinyVault("Ada Moss")
    assert not isinstance(vault, MasksEach)
    column = ["call Ada Moss", "Ada Moss", "nobody"]
    masked = [one.token_value for one in mask_each(vault, column)]
    assert masked == [vault.mask([cell])[0].token_value for cell in column]
    assert unmask_each(vault, masked) == column


def test_our_vault_takes_all_of_them_in_one_call() -> None:
    with LocalVault("memory:", environ={}) as vault:
        assert isinstance(vault, MasksEach)
        masked = [one.token_value for one in mask_each(vault, iter(["Ada Moss", "Ada Moss"]))]
        assert masked[0] == masked[1] != "Ada Moss"
        assert unmask_each(vault, masked) == ["Ada Moss"] * 2


def test_cells_of_a_token_type_come_back_however_short_they_are() -> None:
    types = (TokenType("Person Token", "Person Name"), TokenType("Numeric Token"), None)
    texts = ["Ada Moss", "17", "call Ada Moss at (555) 987-6543", "", "40 Elm Avenue"]
    cells = Cells(texts, [types[0], types[1], types[2], types[0], types[1]])
    with LocalVault("memory:", environ={}, audit=AuditSettings()) as vault:
        masked = turned(vault, cells, None, back=False)
        assert masked.changed == 4
        assert masked.entities == {"Person Token": 1, "Numeric Token": 2, "PERSON": 1,
                                   "PHONE_NUMBER": 1}  # fmt: skip
        assert masked.texts[1].isdigit()
        before = len(entries(vault))
        back = turned(vault, Cells(masked.texts, cells.types), None, back=True)
        assert (back.texts, back.changed) == (texts, 4)
        assert [entry.what for entry in entries(vault)[before:]] == ["unmask"]


def entries(vault: LocalVault) -> list[AuditEntry]:
    return list(audit_read.entries(vault.store.audit, vault.keyring.namespace))


def test_what_is_no_token_stays() -> None:
    with LocalVault("memory:", environ={}) as vault:
        cells = Cells(["nobody's", "12"], [TokenType("Text Token"), TokenType("Numeric Token")])
        assert turned(vault, cells, None, back=True).texts == cells.texts


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("Nick Token", r"column 'name': token_name not defined: \{Nick Token\}"),
        ("Text Token:Shoe", r"column 'name': format name not defined: \{Shoe\}"),
        ("Date Token:URL", "column 'name': Token and Format Metadata not available"),
    ],
)
def test_an_unknown_type_is_told_with_its_column(kind: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        token_types({"name": kind})
