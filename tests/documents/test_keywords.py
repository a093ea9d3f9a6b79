"""The words of tokens, kept beside a passage and asked for by a question."""

from __future__ import annotations

from llm_guard_protecto import LocalVault
from llm_guard_protecto.documents import Splitter, keywords, mask_documents, mask_query

NOTE = "Thomas Okafor reported the boiler. Thomas rang again: t.okafor@mail.example."


def test_a_part_of_a_name_asks_for_a_word_of_the_whole(vault: LocalVault) -> None:
    [note] = mask_documents([NOTE], vault)
    assert note.masked is not None
    kept = keywords(note.masked.individual_tokens)
    assert len(kept) == len({*kept}) == 4
    [wanted] = keywords(mask_query("okafor?", vault).individual_tokens)
    assert kept[1] == wanted
    assert keywords([]) == []


def test_chunks_have_the_words_of_their_own_tokens(vault: LocalVault) -> None:
    [note] = mask_documents([NOTE], vault)
    assert note.masked is not None
    for chunk in Splitter(12).split(note.masked):
        for word in keywords(chunk.tokens):
            assert word in chunk.text
