"""Tokens the prompt grew by: counted by tiktoken where its tables are, a reason where not."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import pytest
import tiktoken

from llm_guard_protecto.guard.growth import Counting, encoding_of, growth
from tests.guard.material import PEOPLE, mask

URL = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"

# An encoding of our own: every byte is a token, and so is the wrapper.
LETTERS = tiktoken.Encoding(
    "letters",
    pat_str=r"</?[A-Z]+>|[\s\S]",
    mergeable_ranks={bytes([n]): n for n in range(256)} | {b"<P": 256, b"</": 257},
    special_tokens={},
)


def settled() -> tuple[int | None, str]:
    """What `growth` says once it has read what it has to read."""
    while (found := growth([PEOPLE], "gpt-4o"))[1].endswith("being read"):
        time.sleep(0.01)
    return found


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("gpt-4o-mini", "o200k_base"),
        ("gpt-4.1", "o200k_base"),
        ("gpt-5", "o200k_base"),
        ("o3", "o200k_base"),
        ("claude-sonnet-5", "o200k_base"),
        ("", "o200k_base"),
        ("gpt-4", "cl100k_base"),
        ("gpt-4-turbo", "cl100k_base"),
        ("gpt-3.5-turbo", "cl100k_base"),
        ("ft:gpt-4:us::1", "cl100k_base"),
        ("ft:gpt-4o:us::1", "o200k_base"),
        ("text-embedding-3-small", "cl100k_base"),
    ],
)
def test_the_encoding_of_a_model(model: str, encoding: str) -> None:
    assert encoding_of(model) == encoding
    if model and not model.startswith("claude"):
        assert tiktoken.encoding_name_for_model(model) == encoding


def test_each_token_is_counted_beside_its_value() -> None:
    counting = Counting(LETTERS.encode_ordinary, {})
    one = mask("I am Sarah Johnson", ("Sarah Johnson", "cn4Rv PvBCff2", "PER"))
    [token] = one.individual_tokens
    grown = len(LETTERS.encode(one.token_value)) - len(LETTERS.encode(one.value))
    assert counting.growth([one]) == grown > 0
    assert counting.growth([one, one]) == 2 * grown
    assert counting.known == {token.wrapped: grown}


def test_no_value_is_remembered() -> None:
    counting = Counting(LETTERS.encode_ordinary, {})
    counting.growth([PEOPLE])
    kept = " ".join(counting.known)
    assert all(token.value not in kept for token in PEOPLE.individual_tokens)


def test_without_tables_there_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    added, why = growth([PEOPLE], "gpt-4o")
    assert added is None
    assert why == "o200k_base: its ranks are not in tiktoken's cache"
    assert list(tmp_path.iterdir()) == []


def test_damaged_tables_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With them, tiktoken itself would throw the file away and fetch another."""
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    file = tmp_path / hashlib.sha1(URL.encode()).hexdigest()
    file.write_bytes(b"half a file")
    added, why = settled()
    assert added is None
    assert why == "o200k_base: its ranks in tiktoken's cache are damaged"
    assert file.read_bytes() == b"half a file"


def test_with_tables_it_counts() -> None:
    """Where this machine has the tables."""
    added, encoding = settled()
    if added is None:
        pytest.skip(encoding)
    assert encoding == "o200k_base"
    assert added > 10
