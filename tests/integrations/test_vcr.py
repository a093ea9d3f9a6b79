"""Cassettes without values: what was sent and answered is masked on disk and whole when read."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import vcr
from hypothesis import given
from hypothesis import strategies as st

from llm_guard_protecto import LocalVault, UnknownFormat
from llm_guard_protecto.integrations.vcr import MaskedCassettes
from llm_guard_protecto.integrations.vcr_bodies import Changed, body_of
from tests.wireserver import Script, WireServer

TEXT = "Write to Sarah Johnson, sarah.johnson@example.com, card 4111 1111 1111 1111."
VALUES = ("Sarah", "Johnson", "4111 1111", "4111111111111111", "mona", "Mona", "hartwell")


@pytest.fixture
def vault() -> Iterator[LocalVault]:
    with LocalVault("memory:", environ={}) as one:
        yield one


def events(text: str, size: int) -> bytes:
    """A streamed chat answer that says `text` in pieces of `size` characters."""
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    docs = [
        {"id": "c1", "choices": [{"index": index, "delta": {"content": piece}}]}
        for piece in pieces
        for index in (0, 1)
    ]
    lines = [f"data: {json.dumps(doc)}\n\n" for doc in docs]
    return "".join([*lines, "data: [DONE]\n\n"]).encode()


def said(stream: str, index: int) -> str:
    """What one choice of a streamed chat answer says."""
    docs = [json.loads(one[6:]) for one in stream.split("\n\n") if one.startswith("data: {")]
    choices = [choice for doc in docs for choice in doc["choices"] if choice["index"] == index]
    return "".join(choice["delta"]["content"] for choice in choices)


def recorder(vault: LocalVault, folder: Path, **settings: Any) -> vcr.VCR:
    made = vcr.VCR(
        serializer="masked",
        cassette_library_dir=str(folder),
        match_on=["method", "host", "port", "path", "query"],
    )
    made.register_serializer("masked", MaskedCassettes(vault, **settings))
    return made


def ask(url: str) -> str:
    with httpx.Client(trust_env=False) as client:
        answer = client.post(
            f"{url}/letters/mona.hartwell@example.org",
            params={"to": "Mona Hartwell"},
            headers={"authorization": "Bearer abc", "x-person": "Mona Hartwell"},
            json={"text": TEXT, "card": 4111111111111111, "n": 3},
        )
        return answer.text


ANSWERS = {
    "json": ("application/json", json.dumps({"a": [TEXT], "b": 1}).encode()),
    "text": ("text/plain", TEXT.encode()),
    "lines": ("application/x-ndjson", f'{{"a": "{TEXT}"}}\n\n{{"b": 2}}\n'.encode()),
    "events": ("text/event-stream", events(TEXT, 5)),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", ANSWERS)
def test_a_cassette_holds_no_value_and_plays_all_of_them(
    vault: LocalVault, tmp_path: Path, kind: str, packed: bool
) -> None:
    content_type, body = ANSWERS[kind]
    headers = {"content-type": content_type, "set-cookie": "name=Sarah"}
    if packed:
        headers["content-encoding"] = "gzip"
    sent = gzip.compress(body) if packed else body
    with WireServer(lambda _: Script(headers=headers, body=[sent])) as server:
        with recorder(vault, tmp_path).use_cassette("one.yaml"):
            first = ask(server.url)
        assert first == body.decode()
        tape = (tmp_path / "one.yaml").read_text()
        assert not any(value in tape for value in VALUES)
        assert "abc" not in tape
        assert "<PER>" in tape
        assert len(server.requests) == 1
        with recorder(vault, tmp_path).use_cassette("one.yaml", record_mode="none"):
            again = ask(server.url)
        assert len(server.requests) == 1
    if kind == "events":
        assert [said(again, 0), said(again, 1)] == [TEXT, TEXT]
    else:
        assert again == first


def test_without_the_vault_a_cassette_plays_tokens(vault: LocalVault, tmp_path: Path) -> None:
    with WireServer(lambda _: Script(body=[TEXT.encode()])) as server:
        with recorder(vault, tmp_path).use_cassette("one.yaml"):
            httpx.get(server.url, trust_env=False)
        with LocalVault("memory:", environ={}) as other:
            tapes = recorder(other, tmp_path, restore=False)
            with tapes.use_cassette("one.yaml", record_mode="none"):
                played = httpx.get(server.url, trust_env=False).text
    assert "<PER>" in played
    assert "Sarah" not in played


def test_what_is_no_text_is_not_written(vault: LocalVault, tmp_path: Path) -> None:
    image = bytes(range(256))
    with WireServer(
        lambda _: Script(headers={"content-type": "image/png"}, body=[image])
    ) as server:
        with (
            pytest.raises(UnknownFormat, match="no text"),
            recorder(vault, tmp_path).use_cassette("one.yaml"),
        ):
            httpx.get(server.url, trust_env=False)
        assert not (tmp_path / "one.yaml").exists()
        tapes = recorder(vault, tmp_path, binary=True)
        with tapes.use_cassette("two.yaml"):
            httpx.get(server.url, trust_env=False)
        with tapes.use_cassette("two.yaml", record_mode="none"):
            assert httpx.get(server.url, trust_env=False).content == image


def test_equal_recordings_are_equal_files(vault: LocalVault, tmp_path: Path) -> None:
    with WireServer(lambda _: Script(body=[TEXT.encode()])) as server:
        for name in ("one.yaml", "two.yaml"):
            with recorder(vault, tmp_path).use_cassette(name):
                httpx.get(server.url, trust_env=False)
    one, two = ((tmp_path / name).read_text() for name in ("one.yaml", "two.yaml"))
    assert [line for line in one.splitlines() if "date" not in line.lower()] == [
        line for line in two.splitlines() if "date" not in line.lower()
    ]


@given(st.lists(st.integers(0, 9), max_size=12), st.data())
def test_what_was_put_in_is_never_cut(sizes: list[int], data: st.DataObject) -> None:
    old = "".join(chr(97 + n % 26) for n in range(sum(sizes)))
    ends = sorted(data.draw(st.sets(st.integers(0, len(old)), max_size=8)))
    places = tuple(
        (a, b, f"<{n}>") for n, (a, b) in enumerate(zip(ends[::2], ends[1::2], strict=False))
    )
    new = old
    for a, b, wrapped in reversed(places):
        new = new[:a] + wrapped + new[b:]
    pieces = Changed(old, new, places).cut(sizes)
    assert len(pieces) == len(sizes)
    assert "".join(pieces) == new
    assert all(sum(wrapped in piece for piece in pieces) == 1 for *_, wrapped in places)


@given(st.text(max_size=40), st.sampled_from(["application/json", "text/plain", ""]))
def test_a_body_that_nothing_changes_stays(text: str, kind: str) -> None:
    holder = {"body": text}
    body = body_of(text, kind, holder, "body")
    body.write([Changed(one, one) for one in body.texts])
    assert holder["body"] == text
