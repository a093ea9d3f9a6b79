"""Masked documents and answers about them, for who may read what."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from llm_guard_protecto import ConfigurationError, LocalVault
from llm_guard_protecto.documents import (
    EVERYTHING,
    NOTHING,
    Document,
    Reader,
    amask_documents,
    arestorer,
    areveal,
    mask_documents,
    mask_query,
    restorer,
    reveal,
)

NOTE = "The boiler was reported by Thomas Okafor, t.okafor@mail.example."
DOCUMENT = Document(NOTE, {"author": "Thomas Okafor", "page": 3}, "7")
SUPPORT = Reader(hide=("EMAIL_ADDRESS",))


def test_who_may_see_everything_reads_what_was_written(any_vault: Any) -> None:
    masked = mask_documents([DOCUMENT], any_vault)
    assert reveal(masked, any_vault, reader=EVERYTHING) == [DOCUMENT]


def test_a_reader_sees_what_its_role_shows(any_vault: Any) -> None:
    masked = mask_documents([DOCUMENT], any_vault)
    [seen] = reveal(masked, any_vault, reader=SUPPORT)
    assert "Thomas Okafor, <EMAIL>" in seen.text
    assert seen.metadata == DOCUMENT.metadata
    [seen] = reveal(masked, any_vault, reader=Reader(show=("EMAIL_ADDRESS",)))
    assert "t.okafor@mail.example" in seen.text
    assert "Thomas" not in seen.text + str(seen.metadata)
    [seen] = reveal(masked, any_vault, reader=NOTHING)
    assert (seen.text, seen.metadata) == (masked[0].text, masked[0].metadata)


def test_awaited_it_is_the_same(awaited: Any, vault: LocalVault) -> None:
    async def run() -> None:
        masked = await amask_documents([DOCUMENT], awaited)
        assert await areveal(masked, awaited, reader=EVERYTHING) == [DOCUMENT]
        back = await arestorer([masked[0].text], awaited, reader=EVERYTHING)
        assert back.whole(masked[0].text) == NOTE
        close = getattr(awaited, "aclose", None)
        if close is not None:
            await close()

    asyncio.run(run())


def test_an_answer_is_restored_by_what_stood_in_its_prompt(any_vault: Any) -> None:
    [note] = mask_documents([NOTE], any_vault)
    [secret] = mask_documents(["Sarah Johnson is to be dismissed."], any_vault)
    asked = mask_query("What did Thomas Okafor report?", any_vault)
    name = asked.individual_tokens[0]
    _, last = name.token.split()
    stranger = secret.text.split(" is ")[0]
    reply = f"Mr {last} ({name.wrapped}) did, not {stranger}."
    back = restorer([asked.token_value, note.text], any_vault, reader=EVERYTHING)
    said = f"Mr Okafor (Thomas Okafor) did, not {stranger}."
    assert back.whole(reply) == said
    again = restorer([asked.token_value, note.text], any_vault, reader=EVERYTHING)
    pieces = [again.feed(reply[at : at + 3]) for at in range(0, len(reply), 3)]
    assert "".join(pieces) + again.flush() == said


def test_an_answer_shows_a_reader_no_more_than_the_documents_do(any_vault: Any) -> None:
    [note] = mask_documents([NOTE], any_vault)
    back = restorer([note.text], any_vault, reader=SUPPORT)
    assert back.whole(note.text).startswith("The boiler was reported by Thomas Okafor, <EMAIL>")
    blind = restorer([note.text], any_vault, reader=NOTHING)
    assert blind.whole(note.text) == note.text


def test_an_entity_that_nobody_knows_is_a_mistake(vault: LocalVault) -> None:
    masked = mask_documents([DOCUMENT], vault)
    with pytest.raises(ConfigurationError, match="PERSN"):
        reveal(masked, vault, reader=Reader(show=("PERSN",)))
