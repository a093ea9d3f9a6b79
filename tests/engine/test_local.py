"""The laws of the embedded vault, over texts with everything in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

import pytest
from hypothesis import HealthCheck, example, given, settings

from llm_guard_protecto import LocalVault, Policy
from llm_guard_protecto.detect.find import Detector
from llm_guard_protecto.errors import ConfigurationError, DetectionFailed
from llm_guard_protecto.guard.restore import restore
from llm_guard_protecto.guard.tokenmap import TokenMap
from llm_guard_protecto.models import Item, Span, rebuild
from tests.texts import VALUES, texts

MANY = settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))


@cache
def shared() -> LocalVault:
    """One vault for all properties of this module: a long-lived one, as in real use."""
    return LocalVault("memory:", environ={})


@cache
def tokens_of(vault_number: int) -> tuple[str, ...]:
    """Live tokens of the shared vault (0) or of somebody else's (1): wrapped, and bare."""
    vault = shared() if vault_number == 0 else LocalVault("memory:", environ={})
    tokens = [token for masked in vault.mask(VALUES) for token in masked.individual_tokens]
    return (*(token.wrapped for token in tokens), *(token.token for token in tokens))


OWN = Policy.parse(
    {
        "name": "own",
        "entities": {
            "PERSON": {"prefix": "{Person Name ", "suffix": "}"},
            "PHONE_NUMBER": {"prefix": "{", "suffix": "}"},
            "EMAIL_ADDRESS": {"prefix": "<", "suffix": ">"},
            "URL": {"action": "exclude"},
            "ORG": {"prefix": "", "suffix": ""},
        },
    }
)


@MANY
@given(text=texts(planted=tokens_of(1)))
@pytest.mark.parametrize("policy", ["default", "strict", OWN], ids=["default", "strict", "own"])
def test_unmasking_gives_the_text_back(text: str, policy: Policy | str) -> None:
    masked = shared().mask([text], policy)[0]
    assert shared().unmask([masked.token_value], policy)[0].value == text


@MANY
@given(text=texts(planted=(*tokens_of(0), *tokens_of(1))))
def test_masking_a_masked_text_changes_nothing(text: str) -> None:
    once = shared().mask([text])[0].token_value
    assert shared().mask([once])[0].token_value == once


@MANY
@given(text=texts(planted=tokens_of(0)))
def test_live_tokens_in_a_text_come_back_as_they_stood(text: str) -> None:
    """A request's own map restores its reply exactly, whatever tokens the request held."""
    masked = shared().mask([text])[0]
    assert restore(masked.token_value, TokenMap.of([masked])) == text
    assert shared().unmask([masked.token_value])[0].value == shared().unmask([text])[0].value


@pytest.mark.parametrize(
    ("wrapper", "text"),
    [
        (("(", ")"), "Call (415) 555-0132 or +1 (415) 555-0133."),
        (("-", "-"), "Call 415-555-0132, then write."),
        (("<", ">"), "456 Elm Avenue, Boston<<456 Elm Avenue, Boston"),
    ],
)
def test_a_value_that_holds_a_wrapper_is_masked_around_it(
    wrapper: tuple[str, str], text: str
) -> None:
    prefix, suffix = wrapper
    entities = {"PHONE_NUMBER": {"prefix": prefix, "suffix": suffix}}
    policy = Policy.parse({"name": "signs", "entities": entities})
    masked = shared().mask([text], policy)[0]
    ends = [0, *(at for one in masked.individual_tokens for at in (one.start_pos, one.end_pos))]
    left = "".join(map(text.__getitem__, map(slice, ends[0::2], [*ends[1::2], len(text)])))
    assert not re.search(r"[0-9]{3,}|Elm", left)
    assert shared().unmask([masked.token_value], policy)[0].value == text


@MANY
@example(text="456 Elm Avenue, Boston<<456 Elm Avenue, Boston")
@given(text=texts(planted=tokens_of(0)))
def test_spans_are_disjoint_and_rebuild_the_masked_text(text: str) -> None:
    masked = shared().mask([text], OWN)[0]
    end = 0
    for token in masked.individual_tokens:
        assert end <= token.start_pos < token.end_pos <= len(text)
        assert text[token.start_pos : token.end_pos] == token.value
        end = token.end_pos
    assert rebuild(text, masked.individual_tokens) == masked.token_value


@pytest.mark.parametrize("value", VALUES)
def test_a_value_found_once_is_masked_everywhere(value: str) -> None:
    vault = LocalVault("memory:", environ={}, detector=finds("needle: ", value))
    texts_ = [f"needle: {value}", f"no clue here, {value}.", f"[{value}]{value}"]
    for masked in vault.mask(texts_):
        assert value not in masked.token_value


def finds(clue: str, value: str) -> Detector:
    """A detector that finds `value` after `clue` and nowhere else."""

    def detect(given_: Sequence[str]) -> list[list[Span]]:
        return [
            [Span(len(clue), len(clue) + len(value), "PERSON", 1.0, "test")]
            if text.startswith(clue)
            else []
            for text in given_
        ]

    return detect


def test_a_short_name_is_not_found_inside_words() -> None:
    vault = LocalVault("memory:", environ={}, detector=finds("needle: ", "Ann"))
    masked = vault.mask(["needle: Ann", "Annual planning with Ann"])
    assert "Annual planning with <PER>" in masked[1].token_value


def test_the_same_word_has_the_same_token() -> None:
    vault = LocalVault("memory:", environ={}, detector=finds("needle: ", "Ann Berg"))
    other = LocalVault("memory:", environ={}, detector=finds("needle: ", "Ann Dahl"))
    first, again = (vault.mask(["needle: Ann Berg"])[0].individual_tokens[0].token for _ in "12")
    assert first == again
    assert other.mask(["needle: Ann Dahl"])[0].individual_tokens[0].token[:6] != first[:6]


def test_anonymised_text_has_no_way_back() -> None:
    text = "Write to sarah.johnson@example.com or (555) 987-6543, again sarah.johnson@example.com"
    masked, later = (shared().mask([text], "anonymize")[0] for _ in "12")
    assert "sarah" not in masked.token_value
    assert shared().unmask([masked.token_value])[0].value == masked.token_value
    assert not any(token.reversible for token in masked.individual_tokens)
    first, *_, last = (t.token for t in masked.individual_tokens if t.pii_type == "EMAIL_ADDRESS")
    assert first == last
    assert masked.token_value != later.token_value
    assert shared().mask([masked.token_value])[0].token_value == masked.token_value


def test_a_wrapper_alone_proves_nothing() -> None:
    text = "<PER>4111 1111 1111 1111</PER> and <EMAIL>sarah.johnson@example.com</EMAIL>"
    masked = shared().mask([text])[0].token_value
    assert "4111" not in masked
    assert "sarah" not in masked


def test_a_key_inside_an_excluded_url_is_masked() -> None:
    key = "sk-proj-" + "aB3dE5fG7hJ9kL2mN4pQ6rS8tU1vW3xY5zA7bC9d"
    policy = Policy.parse({"name": "p", "entities": {"URL": {"action": "exclude"}}})
    masked = shared().mask([f"see https://api.example.com/v1?key={key} now"], policy)[0]
    assert key not in masked.token_value


def test_whole_items_become_one_bare_token() -> None:
    item = Item("sarah_j", token_name="Text Token", attributes={"row": 1})
    masked = shared().mask([item])[0]
    assert masked.token_value.isalnum()
    assert masked.attributes == {"row": 1}
    phone = Item("(408)- 426 - 9989", token_name="Numeric Token", format="Phone Number")
    token = shared().mask([phone])[0].token_value
    assert "".join(c for c in token if not c.isdigit()) == "()-  - "


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (Item("x", token_name="Nonsense"), "token_name not defined: {Nonsense}"),
        (Item("x", token_name="Text Token", format="No"), "format name not defined: {No}"),
        (Item("x", token_name=""), "Missing token_name"),
        (Item("x", format="URL"), "Missing token_name"),
    ],
)
def test_wrong_items_are_named(item: Item, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message.replace("{", r"\{")):
        shared().mask([item])


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "\x00", "\ud800", "\ufeff"])
def test_nothing_to_find_is_fine(text: str) -> None:
    masked = shared().mask([text])[0]
    assert (masked.token_value, masked.individual_tokens) == (text, ())
    assert shared().unmask([text])[0].value == text


def test_what_is_no_string_is_refused_by_position_and_type() -> None:
    with pytest.raises(ConfigurationError, match="text 1 is a NoneType"):
        shared().mask(["fine", None])  # type: ignore[list-item]


def test_no_texts_give_no_answers() -> None:
    assert shared().mask([]) == []
    assert shared().unmask([]) == []
    assert shared().find([]) == []


class TestDetectorsThatFail:
    """Silence is never taken for an answer."""

    @pytest.fixture(params=["raises", "hangs", "too few", "outside", "not spans", "unknown"])
    def vault(self, request: pytest.FixtureRequest) -> Iterator[LocalVault]:
        import threading

        released = threading.Event()

        def detect(given_: Sequence[str]) -> list[list[Span]]:
            match request.param:
                case "raises":
                    raise RuntimeError(f"could not read {given_[0]}")
                case "hangs":
                    released.wait(20)
                case "too few":
                    return []
                case "outside":
                    return [[Span(0, 10_000, "PERSON")]]
                case "not spans":
                    return [["PERSON"]]  # type: ignore[list-item]
            return [[Span(0, 3, "NO_SUCH_ENTITY")]]

        with LocalVault("memory:", environ={}, detector=detect, deadline=0.2) as vault:
            yield vault
        released.set()

    def test_the_call_fails_and_says_nothing_of_the_text(self, vault: LocalVault) -> None:
        with pytest.raises((DetectionFailed, ConfigurationError)) as caught:
            vault.mask(["Sarah Johnson"])
        error: BaseException | None = caught.value
        while error is not None:
            assert "Sarah" not in str(error)
            error = error.__context__


def test_a_policy_change_acts_on_the_next_request() -> None:
    text = "mail sarah.johnson@example.com"
    with LocalVault("memory:", environ={}) as vault:
        vault.put_policy(Policy.parse({"name": "mine"}))
        assert "sarah" not in vault.mask([text], "mine")[0].token_value
        rules = {"EMAIL_ADDRESS": {"action": "exclude"}}
        vault.put_policy(Policy.parse({"name": "mine", "entities": rules}))
        masked = vault.mask([text], "mine")[0]
        assert masked.token_value == text
        assert [e.pii_type for e in masked.excluded_entities] == ["EMAIL_ADDRESS"]
        assert vault.policies()[-1] == "mine"
        vault.delete_policy("mine")
        with pytest.raises(ConfigurationError, match="unknown policy 'mine'; known: default"):
            vault.mask([text], "mine")


def test_nothing_of_a_vault_shows_a_value() -> None:
    masked = shared().mask(["mail sarah.johnson@example.com"])[0]
    shown = f"{masked!r} {shared()!r} {masked.individual_tokens!r}"
    assert "sarah" not in shown


@pytest.mark.parametrize("before", ["ä\U000e1cf0 ", "李 ", "ь, "])
def test_a_short_token_beside_letters_of_any_script_is_read_as_it_stands(before: str) -> None:
    runs = {run for token in tokens_of(0) for run in token.split() if run.isalnum()}
    for run in sorted(run for run in runs if len(run) < 8):
        masked = shared().mask([before + run], OWN)[0]
        assert shared().unmask([masked.token_value], OWN)[0].value == before + run


def test_a_bare_token_is_resolved_however_short_and_nothing_else_is() -> None:
    with LocalVault("memory:", environ={}) as vault:
        [number] = vault.mask([Item("42", token_name="Numeric Token")])
        [name] = vault.mask([Item("Jo", token_name="Text Token")])
        [gone] = vault.mask(["Ask Sarah Johnson"], "anonymize")
        assert vault.unmask([number.token_value])[0].value == number.token_value
        assert vault.resolve(number.token_value) == "42"
        assert vault.resolve(f" {number.token_value}, {name.token_value}!") == " 42, Jo!"
        for other in (
            "",
            " ",
            "12345",
            "word",
            f"call {number.token_value}",
            number.token_value[1:],
        ):
            assert vault.resolve(other) is None
        assert vault.resolve(gone.individual_tokens[0].token) is None
