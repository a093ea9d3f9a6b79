"""What a policy itself says to look for."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from llm_guard_protecto import LocalVault, Policy
from llm_guard_protecto.errors import ConfigurationError, DetectionFailed
from llm_guard_protecto.models import Span


def policy(custom: dict[str, Any], **more: Any) -> Policy:
    return Policy.parse({"name": "mine", "custom": custom} | more)


@pytest.fixture
def vault() -> Iterator[LocalVault]:
    with LocalVault("memory:", environ={}) as vault:
        yield vault


STAFF = {"STAFF_ID": {"patterns": ["EMP-[0-9]{6}", "(?:Ä|Ö)-[0-9]{4}"]}}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("badge EMP-123456.", ["EMP-123456"]),
        ("EMP-1234567, xEMP-123456 and EMP-12345", []),
        ("Ä-1234 and Ö-1234, Ü-1234", ["Ä-1234", "Ö-1234"]),
        ("😀 EMP-123456 \ud800 EMP-654321", ["EMP-123456", "EMP-654321"]),
    ],
)
def test_a_pattern_masks_what_it_matches(vault: LocalVault, text: str, values: list[str]) -> None:
    [masked] = vault.mask([text], policy(STAFF))
    tokens = masked.individual_tokens
    assert [token.value for token in tokens if token.pii_type == "STAFF_ID"] == values
    assert all(token.prefix == "<STAFF_ID>" for token in tokens)
    assert vault.unmask([masked.token_value], policy(STAFF))[0].value == text


def test_a_low_score_needs_a_word_beside_it(vault: LocalVault) -> None:
    rules = policy({"CASE_NO": {"patterns": ["[0-9]{5}"], "near": ["case"], "score": 0.3}})
    far = "x" * 60
    text = f"case 12345 {far} 54321"
    assert [t.value for t in vault.mask([text], rules)[0].individual_tokens] == ["12345"]


def test_more_patterns_for_an_entity_of_ours(vault: LocalVault) -> None:
    rules = policy({"PERSON": {"values": ["Xq"]}})
    [masked] = vault.mask(["ask Xq today"], rules)
    assert masked.token_value.startswith("ask <PER>")


def test_own_wrappers_that_a_text_imitates_fall_back_to_the_default(vault: LocalVault) -> None:
    rules = policy(STAFF, entities={"STAFF_ID": {"prefix": "", "suffix": ""}})
    text = "aEMP EMP-123456EMP-1 EMP-123456"
    [masked] = vault.mask([text], rules)
    assert "EMP-123456 " not in masked.token_value
    assert vault.unmask([masked.token_value], rules)[0].value == text


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(?=a)b", "Zero-width assertions are not supported"),
        (r"(\w+) \1", "Back-references are unsupported"),
        ("a*", "matches empty buffer"),
        ("(a", "Missing close parenthesis"),
        ("(a{1,500}){1,500}", "too large"),
        ("[äö]x", "a character outside ASCII can neither be repeated"),
        ("ä+", "a character outside ASCII"),
        (r"[\]ä]", "a character outside ASCII"),
        ("a\0b", "a NUL character"),
    ],
)
def test_a_pattern_that_cannot_run_in_linear_time_is_refused(
    vault: LocalVault, pattern: str, reason: str
) -> None:
    rules = policy({"STAFF_ID": {"patterns": ["EMP", pattern]}})
    for use in (
        lambda: vault.put_policy(rules),
        lambda: vault.mask(["text"], rules),
        lambda: LocalVault("memory:", policy=rules, environ={}),
    ):
        with pytest.raises(ConfigurationError) as caught:
            use()
        assert "policy 'mine' cannot work: custom.STAFF_ID.patterns.1: " in str(caught.value)
        assert reason in str(caught.value)
    assert "mine" not in vault.policies()


@pytest.mark.parametrize("pattern", [r"\[ä", r"(?:ä)+", r"[[:alpha:]]ä", r"\\[a]ä", "größe"])
def test_other_letters_are_fine_where_they_stand_alone(vault: LocalVault, pattern: str) -> None:
    vault.put_policy(policy({"STAFF_ID": {"patterns": [pattern]}}))


def test_every_mistake_is_named_at_once(vault: LocalVault, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.txt")
    with pytest.raises(ConfigurationError) as caught:
        vault.put_policy(
            policy(
                {"A": {"patterns": ["a*", "(b"]}, "B": {"values": ["x"], "values_file": missing}}
            )
        )
    for place in ("custom.A.patterns.0", "custom.A.patterns.1", "custom.B.values: value 1"):
        assert place in str(caught.value)


def test_a_list_in_a_file_acts_and_its_change_acts_on_the_next_request(tmp_path: Path) -> None:
    vault = LocalVault("memory:", environ={}, detector=spans("nothing like it", "PERSON"))
    file = tmp_path / "names.txt"
    file.write_text("\ufeffBlue Heron\n\nOld Mill\n", encoding="utf-8")
    rules = policy({"PROJECT": {"values_file": str(file), "fold": True}})
    text = "for blue heron and north star"
    assert "heron" not in vault.mask([text], rules)[0].token_value
    new = tmp_path / "new.txt"
    new.write_text("North Star\n")
    os.replace(new, file)
    masked = vault.mask([text], rules)[0].token_value
    assert "heron" in masked
    assert "north star" not in masked


def test_a_file_that_went_away_fails_closed(vault: LocalVault, tmp_path: Path) -> None:
    file = tmp_path / "names.txt"
    file.write_text("Blue Heron\n")
    rules = policy({"PROJECT": {"values_file": str(file)}})
    vault.mask(["Blue Heron"], rules)
    file.unlink()
    with pytest.raises(ConfigurationError, match=r"custom.PROJECT.values_file: .*No such file"):
        vault.mask(["Blue Heron"], rules)


@pytest.mark.parametrize("column", ["name", 2])
def test_a_column_of_a_table(vault: LocalVault, tmp_path: Path, column: str | int) -> None:
    file = tmp_path / "staff.csv"
    file.write_text('id,name\n1,"Quill, Zed"\n\n2,Ora Vance\n', encoding="utf-8")
    rules = policy({"STAFF": {"values_file": str(file), "column": column}})
    [masked] = vault.mask(["id 1: Quill, Zed / Ora Vance"], rules)
    assert [t.value for t in masked.individual_tokens] == ["Quill, Zed", "Ora Vance"]


@pytest.mark.parametrize(
    ("name", "content", "settings", "message"),
    [
        ("a.txt", b"\xff\xfe", {}, "is not UTF-8"),
        ("a.txt", b"Ann\nx\n", {}, "value 2 is shorter than two characters"),
        ("a.txt", b"Ann\n", {"column": 1}, "only a .csv or .tsv file has columns"),
        ("a.csv", b"Ann\n", {}, "must say which column"),
        ("a.csv", b"id,name\n1,Ann\n", {"column": "nme"}, "the table has no column 'nme'"),
        ("a.csv", b"id,name\n1,Ann\n2\n", {"column": "name"}, "row 2 of the table has no column"),
        ("a.csv", b'id\n"Ann" x\n', {"column": 1}, "is not a table"),
    ],
)
def test_a_mistake_in_a_file_is_named_and_no_value_shown(
    vault: LocalVault,
    tmp_path: Path,
    name: str,
    content: bytes,
    settings: dict[str, Any],
    message: str,
) -> None:
    (tmp_path / name).write_bytes(content)
    rules = policy({"STAFF": {"values_file": str(tmp_path / name)} | settings})
    with pytest.raises(ConfigurationError, match=message) as caught:
        vault.put_policy(rules)
    assert "custom.STAFF.values_file" in str(caught.value)
    assert "Ann" not in str(caught.value)


def spans(value: str, entity: str, score: float = 1.0) -> Any:
    def places(texts: Sequence[str]) -> list[list[Span]]:
        return [
            [Span(at, at + len(value), entity, score)] if (at := text.find(value)) >= 0 else []
            for text in texts
        ]

    return places


class TestMoreDetectors:
    def test_they_run_beside_ours(self) -> None:
        detectors = [spans("Falcon", "PROJECT"), spans("Osprey", "PROJECT")]
        with LocalVault("memory:", environ={}, detectors=detectors) as vault:
            text = "Sarah Johnson leads Falcon and Osprey"
            [masked] = vault.mask([text], policy({"PROJECT": {}}))
            kinds = [token.pii_type for token in masked.individual_tokens]
            assert kinds == ["PERSON", "PROJECT", "PROJECT"]
            [found] = vault.find([text], policy({"PROJECT": {}}))
            assert [span.rule for span in found] == ["tagger", "places", "places"]

    def test_an_entity_the_policy_does_not_know_is_an_error(self) -> None:
        detectors = [spans("Falcon", "PROJECT")]
        with (
            LocalVault("memory:", environ={}, detectors=detectors) as vault,
            pytest.raises(ConfigurationError, match="unknown entity 'PROJECT'"),
        ):
            vault.mask(["leads Falcon"])

    @pytest.mark.parametrize(
        "answer",
        [
            None,
            [],
            [None],
            [[Span(0, 99, "PERSON")]],
            [[Span(2, 2, "PERSON")]],
            [[Span(0, 3, "PERSON", float("nan"))]],
            [[Span(0, 3, "PERSON", 1.5)]],
            [[Span(0, 3, ["PERSON"])]],  # type: ignore[arg-type]
            [[Span("0", 3, "PERSON")]],  # type: ignore[arg-type]
            [["Sarah"]],
        ],
    )
    def test_an_answer_that_is_none_fails_closed(self, answer: Any) -> None:
        with (
            LocalVault("memory:", environ={}, detectors=[lambda _: answer]) as vault,
            pytest.raises(DetectionFailed, match="what is no span"),
        ):
            vault.mask(["Sarah"])

    def test_one_that_hangs_or_raises_fails_the_call(self) -> None:
        released = threading.Event()

        def hangs(texts: Sequence[str]) -> list[list[Span]]:
            released.wait(20)
            return [[] for _ in texts]

        def raises(texts: Sequence[str]) -> list[list[Span]]:
            raise ValueError(texts[0])

        for detector in (hangs, raises):
            vault = LocalVault("memory:", environ={}, detectors=[detector], deadline=0.2)
            with vault, pytest.raises(DetectionFailed) as caught:
                vault.mask(["Sarah"])
            assert "Sarah" not in f"{caught.value}{caught.value.__context__}"
        released.set()


@pytest.mark.parametrize("rule", ["tagger", "spacy:en", "onnx:my-ner"])
def test_a_model_gives_way_to_what_a_rule_has_checked(rule: str) -> None:
    """However long its find is and however sure it sounds."""
    text = "xx EMP-123456 yy zz"
    guess = Span(3, 19, "PERSON", 0.99, rule)
    vault = LocalVault("memory:", environ={}, detector=lambda texts: [[guess] for _ in texts])
    found = vault.find([text], policy({"STAFF_ID": {"patterns": ["EMP-[0-9]{6}"], "score": 0.8}}))
    assert [(span.start, span.end, span.entity) for span in found[0]] == [
        (3, 13, "STAFF_ID"),
        (14, 19, "PERSON"),
    ]
