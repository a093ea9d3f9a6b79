"""Mask and unmask in every mode, through either kind of vault, over a real socket."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llm_guard_protecto import ConfigurationError, Item, VaultError
from llm_guard_protecto.models import rebuild
from tests.protecto.conftest import Opens
from tests.protecto.service import Scripted, Service

LETTER = "Sarah Johnson, (555) 987-6543, wrote to ada.moss@elm.example about https://elm.example/a."


WRONG_TOKEN = (
    b'[{"value": "Ada Moss", "token_value": "x", "individual_tokens": '
    b'[{"value": "Moss", "token": "y", "start_pos": 4, "end_pos": 8}]}]'
)


def test_a_text_is_searched(service: Service, opens: Opens) -> None:
    [masked] = opens().mask([LETTER])
    assert service.asked() == [{"mask": [{"value": LETTER}]}]
    assert [(t.pii_type, t.value) for t in masked.individual_tokens] == [
        ("PERSON", "Sarah Johnson"),
        ("PHONE_NUMBER", "(555) 987-6543"),
        ("EMAIL_ADDRESS", "ada.moss@elm.example"),
        ("URL", "https://elm.example/a"),
    ]
    assert "Sarah" not in masked.token_value
    assert rebuild(LETTER, masked.individual_tokens) == masked.token_value
    assert set(masked.toxicity_analysis) >= {"toxicity", "identity_attack"}


def test_what_was_masked_comes_back(opens: Opens) -> None:
    vault = opens()
    texts = [LETTER, "nothing here", f"{LETTER}\n{LETTER}"]
    masked = vault.mask(texts)
    assert [one.value for one in vault.unmask([one.token_value for one in masked])] == texts


@pytest.mark.parametrize(
    ("item", "sent"),
    [
        (Item("Ada", "Text Token"), {"value": "Ada", "token_name": "Text Token"}),
        (
            Item("(408) 426-9989", "Numeric Token", "Phone Number"),
            {"value": "(408) 426-9989", "token_name": "Numeric Token", "format": "Phone Number"},
        ),
        (
            Item("Ada", "text token", attributes={"row": 3}),
            {"value": "Ada", "token_name": "text token", "attributes": {"row": 3}},
        ),
    ],
)
def test_a_value_is_masked_by_name(
    service: Service, opens: Opens, item: Item, sent: dict[str, Any]
) -> None:
    vault = opens()
    [masked] = vault.mask([item])
    assert service.asked() == [{"mask": [sent]}]
    assert masked.token_name == item.token_name.title() if item.token_name else False
    assert (masked.format, masked.attributes) == (item.format, item.attributes)
    [token] = masked.individual_tokens
    assert (token.value, token.wrapped) == (item.value, masked.token_value)
    assert item.value not in masked.token_value
    assert vault.unmask([masked.token_value])[0].value == item.value


def test_modes_mix_in_one_request_and_keep_their_order(service: Service, opens: Opens) -> None:
    asked = ["Ada Moss", Item("Moss", "Text Token"), "", "Ada Moss?", "  ", Item("", "Text Token")]
    masked = opens().mask(asked)
    assert len(service.asked()) == 1
    assert [one.value for one in masked] == ["Ada Moss", "Moss", "", "Ada Moss?", "  ", ""]
    assert [one.token_value for one in masked[2::2]] == ["", "  "]
    assert masked[3].token_value == masked[0].token_value + "?"


def test_a_policy_is_named_and_its_wrappers_and_exclusions_come_back(
    service: Service, opens: Opens
) -> None:
    vault = opens()
    vault.admin.create_policy("Add Prefix Suffix Policy")
    vault.admin.set_wrappers("Add Prefix Suffix Policy", {"PERSON": ("{Person Name ", "}")})
    vault.admin.set_categories("Add Prefix Suffix Policy", exclude=["URL"])
    [masked] = vault.mask([LETTER], "Add Prefix Suffix Policy")
    assert service.asked()[0]["policy_name"] == "Add Prefix Suffix Policy"
    assert masked.token_value.startswith("{Person Name ")
    assert masked.individual_tokens[0].prefix == "{Person Name "
    [left] = masked.excluded_entities
    assert LETTER[left.start_pos : left.end_pos] == left.value == "https://elm.example/a"
    assert vault.unmask([masked.token_value], "Add Prefix Suffix Policy")[0].value == LETTER
    assert service.asked("/unmask")[0]["policy_name"] == "Add Prefix Suffix Policy"


def test_the_policy_of_the_vault_is_what_a_call_without_one_uses(
    service: Service, opens: Opens
) -> None:
    vault = opens(policy="mine")
    vault.admin.create_policy("mine")
    vault.mask(["Ada Moss"])
    vault.unmask(["<PER>x</PER> y"])
    assert [one["policy_name"] for one in (*service.asked(), *service.asked("/unmask"))] == [
        "mine",
        "mine",
    ]
    with pytest.raises(ConfigurationError, match="Policy doesn't exist"):
        vault.mask(["Ada Moss"], "another")


def test_a_value_found_in_one_text_is_masked_in_all(opens: Opens) -> None:
    """The service searches each item alone and does not see a name that is glued to a word."""
    vault = opens()
    masked = vault.mask(["Ada Moss called.", "key=Ada Moss's and Ada Mosses, =Ada Moss."])
    assert masked[1].token_value.count(masked[0].individual_tokens[0].wrapped) == 2
    assert "Ada Mosses" in masked[1].token_value
    assert rebuild(masked[1].value, masked[1].individual_tokens) == masked[1].token_value


def test_nothing_is_asked_for_nothing(service: Service, opens: Opens) -> None:
    vault = opens()
    assert vault.mask([]) == []
    assert vault.unmask([]) == []
    assert [one.value for one in vault.unmask(["", " \n"])] == ["", " \n"]
    assert service.requests == []


@pytest.mark.parametrize("text", ["Ada Moss \ud83d here", "\udc00", "\ud83d\udc00Ada Moss\udc00"])
def test_half_a_character_travels_nowhere_and_is_not_lost(opens: Opens, text: str) -> None:
    vault = opens()
    [masked] = vault.mask([text])
    assert "Moss" not in masked.token_value
    assert vault.unmask([masked.token_value])[0].value == text


def test_what_nobody_masked_stays_and_the_rest_is_restored(service: Service, opens: Opens) -> None:
    """The service fails as a whole over one unknown token; the texts around it still come back."""
    vault = opens()
    [masked] = vault.mask(["Ada Moss"])
    texts = ["unknown1", masked.token_value, "unknown2", "unknown3"]
    assert [one.value for one in vault.unmask(texts)] == ["unknown1", "Ada Moss", *texts[2:]]


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (Item("x", ""), "Missing token_name"),
        (Item("x", format="URL"), "Missing token_name"),
        (Item("x", "Text Token", ""), "Missing format"),
        (Item("half \ud83d", "Text Token"), "half a character"),
        (Item("x", attributes={"row": {1, 2}}), "what JSON can say"),
        (Item("x", attributes=float("nan")), "what JSON can say"),
    ],
)
def test_what_no_vault_would_take_is_not_sent(
    service: Service, opens: Opens, item: Item, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        opens().mask([item])
    assert service.requests == []


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (Item("x", "Wrong"), "token_name not defined"),
        (Item("x", "Text Token", "Wrong"), "format name not defined"),
    ],
)
def test_unknown_names_are_mistakes_of_the_caller(opens: Opens, item: Item, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        opens().mask([item])


@pytest.mark.parametrize("said", [True, False, None])
def test_a_token_that_is_for_good_is_known_where_a_vault_says_so(
    service: Service, opens: Opens, said: bool | None
) -> None:
    told = {} if said is None else {"reversible": said}
    token = {"value": "Moss", "token": "x", "prefix": "<P>", "suffix": "</P>"} | told
    row = {"value": "Moss", "token_value": "<P>x</P>", "individual_tokens": [token]}
    body = {"data": [row], "success": True, "error": {"message": ""}}
    service.scripted = [Scripted(200, json.dumps(body).encode())]
    [masked] = opens().mask(["Moss"])
    assert masked.individual_tokens[0].reversible is (said is not False)


@pytest.mark.parametrize(
    "rows",
    [
        b"[]",
        b'[{"value": "Ada Moss"}]',
        b'[{"value": "Sarah", "token_value": "x"}]',
        b'[{"value": "Ada Moss", "token_value": "x"}, {"value": "b", "token_value": "b"}]',
        b'[{"value": "Ada Moss", "token_value": "<P>x</P>", "individual_tokens": [{"value": "Moss"}]}]',
        WRONG_TOKEN,
        b'{"value": "Ada Moss"}',
        b"null",
    ],
)
def test_an_answer_that_does_not_add_up_is_an_error(
    service: Service, opens: Opens, rows: bytes
) -> None:
    body = b'{"data": %b, "success": true, "error": {"message": ""}}' % rows
    service.scripted = [Scripted(200, body)]
    with pytest.raises(VaultError) as caught:
        opens().mask(["Ada Moss"])
    assert "Moss" not in str(caught.value)
