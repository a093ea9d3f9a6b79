"""Documents masked as they come in, and questions that find them again."""

from __future__ import annotations

import asyncio
import datetime
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_guard_protecto import ConfigurationError, Item, LocalVault, Masked, Policy, VaultError
from llm_guard_protecto.documents import (
    Document,
    amask_documents,
    amask_query,
    mask_documents,
    mask_query,
)
from llm_guard_protecto.vault import PolicyChoice

NOTE = "The boiler was reported by Thomas Okafor, t.okafor@mail.example, of Lindberg Partners."
OTHER = "Okafor rang about the pump. Sarah Johnson, (555) 987-6543, replaced the seal."
QUESTIONS = ["What did Thomas Okafor report?", "Who has t.okafor@mail.example?"]


def tokens(masked: Masked) -> set[str]:
    return {one.token for one in masked.individual_tokens}


def test_a_question_has_the_tokens_of_the_documents(any_vault: Any) -> None:
    [note] = mask_documents([NOTE], any_vault)
    assert note.masked is not None
    for question in QUESTIONS:
        asked = mask_query(question, any_vault)
        assert asked.value == question
        assert asked.individual_tokens
        assert tokens(asked) <= tokens(note.masked)
        assert asked.token_value != question
        [back] = any_vault.unmask([asked.token_value])
        assert back.value == question


def test_awaited_it_is_the_same(awaited: Any) -> None:
    async def run() -> None:
        many: list[Document | str] = [NOTE, Document(OTHER, {"by": "Thomas Okafor"}, "2")] * 9
        masked = await amask_documents(many, awaited, at_once=3)
        assert [one.text for one in masked[::2]] == [masked[0].text] * 9
        assert masked[1].metadata["by"] in masked[0].text
        asked = await amask_query(QUESTIONS[0], awaited)
        assert asked.individual_tokens[0].wrapped in masked[0].text
        close = getattr(awaited, "aclose", None)
        if close is not None:
            await close()

    asyncio.run(run())


def test_documents_do_not_depend_on_each_other(vault: LocalVault) -> None:
    alone = [mask_documents([text], vault)[0].text for text in (NOTE, OTHER)]
    assert [one.text for one in mask_documents([NOTE, OTHER], vault)] == alone
    assert [one.text for one in mask_documents([OTHER, NOTE], vault)] == alone[::-1]


def test_another_process_gives_the_same(tmp_path: Path, outside: Any) -> None:
    """A new process over the same vault: documents there, the question here."""
    code = (
        "import sys\n"
        "from llm_guard_protecto import LocalVault\n"
        "from llm_guard_protecto.documents import mask_documents\n"
        f"with LocalVault(sys.argv[1]) as vault:\n"
        f"    print(mask_documents([{NOTE!r}], vault)[0].text)\n"
    )
    path = str(tmp_path / "vault.db")
    ran = outside.run(sys.executable, "-c", code, path)
    assert ran.returncode == 0, ran.stderr.decode()
    # The key of a vault lies in its user's home, which is this user's for once.
    environ = dict(outside.environ)
    with LocalVault(path, environ=environ) as vault:
        asked = mask_query("what did okafor say?", vault)
        [name] = asked.individual_tokens
        assert name.token in ran.stdout.decode()


METADATA = {
    "author": "Okafor",
    "contact": {"phone": 5559876543, "mail": ["t.okafor@mail.example"]},
    "born": datetime.date(1980, 2, 3),
    "page": 12,
    "open": True,
    "nothing": None,
    "source": "notes/Thomas Okafor.txt",
    "pair": ("boiler", "Sarah Johnson"),
}


def test_metadata_is_masked_with_its_text(any_vault: Any) -> None:
    [one] = mask_documents([Document(NOTE, METADATA, "7")], any_vault, keep=["source"])
    assert one.id == "7"
    assert [*one.metadata] == [*METADATA]
    assert {k: one.metadata[k] for k in ("page", "open", "nothing", "source")} == {
        k: METADATA[k] for k in ("page", "open", "nothing", "source")
    }
    said = repr({k: v for k, v in one.metadata.items() if k != "source"})
    for clear in ("Okafor", "okafor", "5559876543", "1980", "Sarah"):
        assert clear not in said
    assert one.metadata["author"].removeprefix("<PER>").removesuffix("</PER>") in one.text
    assert one.metadata["pair"][0] == "boiler"
    assert any_vault.unmask([one.metadata["born"]])[0].value == "1980-02-03"


def test_a_token_over_the_border_of_name_and_value_hides_the_value() -> None:
    policy = Policy.parse(
        {"name": "own", "extends": "default", "custom": {"CASE": {"patterns": [r"case: \d+"]}}}
    )
    with LocalVault("memory:", policy=policy, environ={}) as vault:
        [one] = mask_documents([Document("A note.", {"case": "4711", "name": "Ada Moss"})], vault)
    assert one.metadata["case"] == "4711"  # its own text holds nothing: the name of a field stays
    assert "Moss" not in one.metadata["name"]


def test_bytes_are_refused_by_the_name_of_their_field(vault: LocalVault) -> None:
    with pytest.raises(ConfigurationError, match="'scan' holds bytes") as refused:
        mask_documents([Document("A note.", {"scan": b"Ada Moss"})], vault)
    assert "Moss" not in str(refused.value)


def test_clear_text_is_in_no_repr(vault: LocalVault) -> None:
    document = Document(NOTE, METADATA)
    assert "Okafor" not in repr(document) + repr(mask_documents([document], vault))


@pytest.mark.parametrize(
    "question",
    [
        "What did Okafor report?",
        "what did okafor report",
        "WHAT DID OKAFOR REPORT?",
        "okafor boiler",
        "Okafor?",
        "the boiler of Okafor's",
        "who is thomas okafor?",
    ],
)
def test_a_part_of_a_name_is_found_however_it_is_typed(vault: LocalVault, question: str) -> None:
    mask_documents([NOTE], vault)
    [name] = vault.mask(["Thomas Okafor"])[0].individual_tokens
    asked = mask_query(question, vault)
    assert "kafor" not in asked.token_value.lower()
    for token in asked.individual_tokens:
        assert token.token in name.token
        assert question[token.start_pos : token.end_pos] == token.value


def test_an_address_is_found_in_another_case(vault: LocalVault) -> None:
    [note] = mask_documents([NOTE], vault)
    [token] = mask_query("mail of T.OKAFOR@Mail.example", vault).individual_tokens
    assert token.value == "T.OKAFOR@Mail.example"
    assert token.wrapped in note.text


def test_a_word_is_no_name_because_somebody_is_called_so(vault: LocalVault) -> None:
    """The vault holds What and Report; questions are full of them."""
    items = [Item(name, "text token", "person name") for name in ("What Moss", "Grace Report")]
    vault.mask(items)
    asked = mask_query("What did the boiler report? What did it report", vault)
    assert not asked.individual_tokens


def test_a_masked_question_stays_as_it_is(vault: LocalVault) -> None:
    mask_documents([NOTE], vault)
    asked = mask_query("what did okafor report", vault)
    again = mask_query(asked.token_value, vault)
    assert again.token_value == asked.token_value


def test_a_question_leaves_nothing_behind_when_it_is_looked_up(vault: LocalVault) -> None:
    """The spelling of a question must not be taken for that of a document later."""
    mask_documents([NOTE], vault)
    first = mask_query("what did okafor report", vault).token_value
    assert mask_query("what did okafor report", vault).token_value == first
    mask_query("what did lindqvist report", vault)
    [late] = mask_documents(["The lift was reported by Ada Lindqvist."], vault)
    [token] = mask_query("what did lindqvist report", vault).individual_tokens
    assert token.token in late.text


@given(question=st.text(max_size=60))
@settings(max_examples=80, deadline=None)
def test_any_question_comes_back_whole(question: str) -> None:
    masked = _VAULT.mask_query(question)
    assert masked.value == question
    assert _VAULT.unmask([masked.token_value])[0].value.lower() == question.lower()


_VAULT = LocalVault("memory:", environ={})


def test_a_policy_that_keeps_no_tokens_looks_nothing_up(vault: LocalVault) -> None:
    mask_documents([NOTE], vault, "anonymize")
    asked = mask_query("What did Thomas Okafor report?", vault, "anonymize")
    assert "Okafor" not in asked.token_value


class Broken:
    """A vault that fails."""

    def mask(self, texts: Any, policy: PolicyChoice = None) -> list[Masked]:
        raise VaultError("the vault is on fire")

    unmask: Any = mask


def test_what_a_vault_raises_comes_out_as_it_is() -> None:
    with pytest.raises(VaultError, match="on fire"):
        mask_documents([NOTE], Broken())
    with pytest.raises(VaultError, match="on fire"):
        asyncio.run(amask_documents([NOTE, OTHER], Broken()))
    with pytest.raises(ConfigurationError, match="at_once"):
        asyncio.run(amask_documents([NOTE], Broken(), at_once=0))
