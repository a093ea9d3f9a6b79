"""Uploads: what of a file is masked, by what it is for, and what is never sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from httpx2 import Request
from hypothesis import given
from hypothesis import strategies as st

from llm_guard_protecto.errors import UnknownFormat
from llm_guard_protecto.wire.json_text import JsonText, edit
from llm_guard_protecto.wire.multipart import form
from llm_guard_protecto.wire.openai_files import FILES
from llm_guard_protecto.wire.packages import Package, Packing
from llm_guard_protecto.wire.slots import Treat
from llm_guard_protecto.wire.switches import switched_on

CHAT = {"model": "m", "messages": [{"role": "user", "content": "Sarah says"}]}
LINE = {"custom_id": "Sarah", "method": "POST", "url": "/v1/chat/completions", "body": CHAT}


def upload(
    content: bytes, purpose: str = "user_data", name: str = "notes.txt", **more: str
) -> tuple[str, bytes]:
    request = Request(
        "POST", "http://t/", data={"purpose": purpose, **more}, files={"file": (name, content)}
    )
    return request.headers["content-type"], request.read()


def unpacked(content: bytes, *names: Any, **more: Any) -> Package:
    return FILES.unpack(*upload(content, *names, **more))


def texts(package: Package) -> list[str]:
    return [slot.leaf.value for page in package.pages for slot in page.slots]


def masked(package: Package) -> bytes:
    """The body with `X` in the place of `Sarah`, wherever a slot has it."""
    return package.packed(
        [
            edit(
                page.doc.text,
                [(s.leaf, s.leaf.value.replace("Sarah", "X")) for s in page.slots],
            )
            for page in package.pages
        ]
    )


def content_of(kind_and_body: tuple[str, bytes], body: bytes) -> bytes:
    [file] = [part for part in form(kind_and_body[0], body).parts if part.name == "file"]
    return file.content


def test_it_is_a_packing_format() -> None:
    assert isinstance(FILES, Packing)
    with pytest.raises(UnknownFormat):
        FILES.request_slots(JsonText("{}"))


@given(
    st.binary(max_size=60)
    | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.lists(st.sampled_from([json.dumps(LINE), "", " ", "\r", "x"])).map(
        lambda lines: "\n".join(lines).encode()
    ),
    st.sampled_from(["user_data", "batch", "fine-tune", "assistants", "new"]),
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='\\"%'), max_size=9),
)
def test_what_is_not_changed_goes_out_as_it_came(content: bytes, purpose: str, name: str) -> None:
    kind, body = upload(content, purpose, name or "f")
    try:
        package = FILES.unpack(kind, body)
    except UnknownFormat:
        return
    assert package.packed([page.doc.text for page in package.pages]) == body


def test_a_batch_is_masked_line_by_line() -> None:
    lines = f"{json.dumps(LINE)}\r\n\r\n{json.dumps(LINE | {'custom_id': 'b'})}"
    sent = upload(lines.encode(), "batch", "Sarah.jsonl")
    body = masked(FILES.unpack(*sent))
    assert b"Sarah" not in body
    assert b'filename="X.jsonl"' in body
    got = content_of(sent, body).decode()
    assert got == lines.replace("Sarah", "X")


@pytest.mark.parametrize(
    ("content", "number"),
    [
        (b"{}", 1),
        (json.dumps(LINE | {"url": "/v1/images/generations"}).encode(), 1),
        (json.dumps(LINE).encode() + b"\n[1]", 2),
        (json.dumps(LINE).encode() + b"\n\n{broken Sarah", 3),
        (json.dumps(LINE).encode().replace(b'"body"', b'"url": "/v1/responses", "body"'), 1),
        (json.dumps(LINE).encode().replace(b'"body"', b'"body": {"x": "Sarah"}, "body"'), 1),
        (
            json.dumps(
                LINE | {"body": {"messages": [{"content": [{"type": "image_url"}]}]}}
            ).encode(),
            1,
        ),
        (json.dumps(LINE | {"body": "Sarah"}).encode(), 1),
    ],
)
def test_a_line_that_cannot_be_masked_is_named_by_its_number(content: bytes, number: int) -> None:
    with pytest.raises(UnknownFormat, match=f"^line {number} of the file: ") as caught:
        unpacked(content, "batch")
    assert "Sarah" not in str(caught.value)


def test_examples_to_train_on_are_conversations() -> None:
    lines = "\n".join([json.dumps({"messages": CHAT["messages"]}), '{"prompt": "Sarah", "n": 5}'])
    sent = upload(lines.encode(), "fine-tune", "a.jsonl")
    package = FILES.unpack(*sent)
    assert texts(package) == ["a", "Sarah says", "Sarah", "5"]
    assert b"Sarah" not in masked(package)
    picture = {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]}
    for content in (json.dumps(picture), f"{json.dumps(picture)}\n{json.dumps(picture)}"):
        with pytest.raises(UnknownFormat, match="a picture cannot be masked"):
            unpacked(content.encode(), "fine-tune")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("Sarah, (555) 987-6543\nand Zoë", ["Sarah, (555) 987-6543\nand Zoë"]),
        ('{"a": "Sarah", "b": [1, "c"]}', ["Sarah", "1", "c"]),
        ('\ufeff{"a": "Sarah"}\n{"b": "c"}\n', ["Sarah", "c"]),
        ('{"a": "Sarah"} and more', ['{"a": "Sarah"} and more']),
        ("[Sarah]\n[Zoë]", ["[Sarah]\n[Zoë]"]),
        ("", [""]),
    ],
)
def test_other_text_is_masked_as_what_it_is(content: str, found: list[str]) -> None:
    assert texts(unpacked(content.encode()))[1:] == found


@pytest.mark.parametrize(
    "content", [b"%PDF-1.7 Sarah", b"\x89PNG\xff", b"PK\x03\x04\0\0", b"{\\rtf1 Sarah}", b"a\0b"]
)
def test_what_is_no_text_is_refused_unless_a_policy_opens_it(content: bytes) -> None:
    with pytest.raises(UnknownFormat, match=r"only text can be masked.*surfaces\.files"):
        unpacked(content)
    sent = upload(content, name="Sarah.pdf")
    with switched_on(frozenset({"files"})):
        package = FILES.unpack(*sent)
        body = masked(package)
        assert content_of(sent, body) == content
        assert b'filename="X.pdf"' in body
        with pytest.raises(UnknownFormat):
            unpacked(json.dumps(LINE | {"url": "/x"}).encode(), "batch")


def test_the_name_of_a_file_becomes_a_name_and_keeps_its_ending() -> None:
    package = unpacked(b"x", "user_data", 'Sarah "Sally" Jönsson.tar.gz')
    slot = package.pages[0].slots[0]
    assert (slot.treat, slot.leaf.value) == (Treat.NAME, 'Sarah "Sally" Jönsson.tar')
    assert texts(unpacked(b"x", "user_data", "Sarah.Jönsson"))[0] == "Sarah.Jönsson"
    assert texts(unpacked(b"x", "user_data", ".env")) == ["x"]


def test_settings_stay_and_other_fields_are_text() -> None:
    more = {"expires_after[anchor]": "created_at", "expires_after[seconds]": "3600", "note": "ok"}
    assert texts(unpacked(b"x", "user_data", "a.b", **more)) == ["ok", "a", "x"]
    assert texts(unpacked(b"x", "for Sarah", "a.b")) == ["for Sarah", "a", "x"]


@pytest.mark.parametrize(
    "change",
    [
        (b'name="purpose"', b'name="file"'),
        (b'name="purpose"', b'name="of Sarah"'),
        (b"text/plain", b"text/plain; charset=utf-16"),
        (b"text/plain", b"Sarah"),
        (b"text/plain", b"text/plain; note=Sarah"),
    ],
)
def test_a_form_that_says_more_than_it_should_is_refused(change: tuple[bytes, bytes]) -> None:
    kind, body = upload(b"x")
    changed = body.replace(*change)
    assert changed != body
    with pytest.raises(UnknownFormat) as caught:
        FILES.unpack(kind, changed)
    assert "Sarah" not in str(caught.value)
