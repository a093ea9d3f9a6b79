"""Files and batches: uploaded by one side, fetched by the other."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import openai

from tests.clients.bench import (
    MAIL,
    NAME,
    PROMPT,
    QUOTED,
    VALUES,
    Bench,
    always,
    each,
    form,
    now,
    outcome,
)
from tests.clients.stored_bench import repeat, two_sides
from tests.clients.tiny_vault import PlainVault, TinyVault
from tests.wireserver import Script


def line(custom_id: str, url: str, **body: Any) -> str:
    call = {"custom_id": custom_id, "method": "POST", "url": url, "body": {"model": "m"} | body}
    return json.dumps(call, ensure_ascii=False)


LINES = "\n".join(
    [
        line("one", "/v1/chat/completions", messages=[{"role": "user", "content": PROMPT}]),
        line(f"of {NAME}", "/v1/chat/completions", messages=[{"role": "user", "content": MAIL}]),
        line("three", "/v1/responses", input=PROMPT),
    ]
)


def parsed(text: str) -> list[Any]:
    """The lines of a file, those of JSON as what they say."""
    return [json.loads(line) if line[:1] == "{" else line for line in text.split("\n")]


async def upload(client: Any, name: str, content: bytes, purpose: str = "batch") -> Any:
    return await now(client.files.create(file=(name, content), purpose=purpose))


@form
async def batch_round_trip(bench: Bench) -> None:
    here, there = two_sides(bench)
    file = await upload(here, f"for {NAME}.jsonl", LINES.encode())
    assert file.filename == f"for {NAME}.jsonl"
    batch = await now(
        here.batches.create(
            completion_window="24h",
            endpoint="/v1/chat/completions",
            input_file_id=file.id,
            metadata={"for": NAME},
        )
    )
    assert batch.metadata == {"for": NAME}
    done = await now(there.batches.retrieve(batch.id))
    assert (done.status, done.metadata) == ("completed", {"for": NAME})
    content = await now(there.files.content(done.output_file_id))
    one, two, three = map(json.loads, content.text.splitlines())
    assert [one["custom_id"], two["custom_id"], three["custom_id"]] == [
        "one",
        f"of {NAME}",
        "three",
    ]
    assert one["response"]["body"]["choices"][0]["message"]["content"] == PROMPT
    assert two["response"]["body"]["choices"][0]["message"]["content"] == MAIL
    [item] = three["response"]["body"]["output"]
    assert item["content"][0]["text"] == PROMPT
    assert parsed((await now(there.files.content(file.id))).text) == parsed(LINES)
    async with there_streams(there, done.output_file_id) as raw:
        assert await now(raw.read()) == content.content
    bench.sent()
    masked = json.loads(bench.server.requests[0].body.split(b"\r\n\r\n")[2].splitlines()[1])
    assert set(masked["custom_id"]) & set(" <>") == {" "}  # a name token, without a wrapper


def noted(messages: Sequence[Mapping[str, Any]]) -> str:
    """What a model says of its prompt: a link, or a note as JSON."""
    said = repeat(messages)
    return said if said[0] == "[" else json.dumps({"to": said}, ensure_ascii=False)


@form
async def batch_of_structured_answers(bench: Bench) -> None:
    """A value with quotes in it does not break the JSON that a line of results holds."""
    here, there = two_sides(bench, noted, PlainVault(*VALUES))
    wanted = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}
    told = [{"role": "user", "content": QUOTED}]
    link = [{"role": "user", "content": f"[{QUOTED}](x)"}]
    asked = [
        line("chat", "/v1/chat/completions", messages=told, response_format=wanted),
        line("links", "/v1/chat/completions", messages=link),
        line("response", "/v1/responses", input=told),
    ]
    file = await upload(here, "a.jsonl", "\n".join(asked).encode())
    batch = await now(
        here.batches.create(
            completion_window="24h", endpoint="/v1/chat/completions", input_file_id=file.id
        )
    )
    done = await now(there.batches.retrieve(batch.id))
    content = await now(there.files.content(done.output_file_id))
    chat, links, response = (
        json.loads(one)["response"]["body"] for one in content.text.splitlines()
    )
    assert json.loads(chat["choices"][0]["message"]["content"]) == {"to": QUOTED}
    assert links["choices"][0]["message"]["content"] == f"[{QUOTED}](x)"
    assert json.loads(response["output"][0]["content"][0]["text"]) == {"to": QUOTED}
    bench.sent()


class there_streams:  # noqa: N801 - reads as a call
    """The content of a file as a stream, of either kind of client."""

    def __init__(self, client: Any, name: str) -> None:
        self._opened = client.files.with_streaming_response.content(name)

    async def __aenter__(self) -> Any:
        if hasattr(self._opened, "__aenter__"):
            return await self._opened.__aenter__()
        return self._opened.__enter__()

    async def __aexit__(self, *error: object) -> None:
        if hasattr(self._opened, "__aexit__"):
            await self._opened.__aexit__(*error)
        else:
            self._opened.__exit__(*error)


@form
async def batches_and_files_listed(bench: Bench) -> None:
    here, there = two_sides(bench)
    file = await upload(here, f"{NAME}.jsonl", LINES.encode())
    batch = await now(
        here.batches.create(
            completion_window="24h",
            endpoint="/v1/chat/completions",
            input_file_id=file.id,
            metadata={"for": MAIL},
        )
    )
    assert [one.metadata async for one in each(await now(there.batches.list()))] == [{"for": MAIL}]
    assert (await now(there.batches.cancel(batch.id))).metadata == {"for": MAIL}
    assert [one.filename async for one in each(await now(there.files.list()))] == [f"{NAME}.jsonl"]
    assert (await now(there.files.retrieve(file.id))).filename == f"{NAME}.jsonl"
    assert (await now(there.files.delete(file.id))).deleted
    bench.sent()


@form
async def file_of_text(bench: Bench) -> None:
    here, there = two_sides(bench)
    for name, content, purpose in (
        ("notes.txt", f"{PROMPT}\nand {MAIL}", "user_data"),
        ("people.csv", f'name,mail\n"{NAME}",{MAIL}\n', "assistants"),
        ("one.json", json.dumps({"id": NAME, "response": [MAIL]}, ensure_ascii=False), "user_data"),
        (
            "train.jsonl",
            json.dumps({"messages": [{"role": "user", "content": PROMPT}]}, ensure_ascii=False),
            "fine-tune",
        ),
    ):
        file = await upload(here, name, content.encode(), purpose)
        # A masked line that is all ASCII stays so, with escapes, when it is restored.
        assert parsed((await now(there.files.content(file.id))).text) == parsed(content)
    opened = io.BytesIO(PROMPT.encode())
    opened.name = f"{NAME}.md"
    file = await now(here.files.create(file=opened, purpose="user_data"))
    assert (await now(there.files.content(file.id))).text == PROMPT
    bench.sent()


@form
async def file_that_is_no_text(bench: Bench) -> None:
    """Refused on its way out, untouched on its way back."""
    client = bench.client()
    for content in (b"%PDF-1.7\n", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04\0"):
        error = await outcome(upload, client, "scan.pdf", content, "user_data")
        assert isinstance(error, openai.BadRequestError)
        assert "only text can be masked" in str(error)
    assert not bench.server.heard
    picture = b"\x89PNG\r\n\x1a\n\xff\0"
    bench.script = always(Script(200, {"content-type": "image/png"}, [picture]))
    assert (await now(client.files.content("file_9"))).content == picture


@form
async def file_nobody_knows(bench: Bench) -> None:
    here, _ = two_sides(bench)
    file = await upload(here, "a.jsonl", LINES.encode())
    bench.vault = TinyVault(*VALUES)
    error = await outcome(bench.client().files.content, file.id)
    assert isinstance(error, openai.NotFoundError)
    assert error.code == "unknown_map"
    bench.sent()


@form
async def batch_line_that_cannot_be_masked(bench: Bench) -> None:
    client = bench.client()
    picture = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]
    for bad, why in (
        (line("b", "/v1/chat/completions", messages=picture), "a picture cannot be masked"),
        (line("b", "/v1/images/generations", prompt=NAME), "url"),
        (f"{{{NAME}", "not valid JSON"),
    ):
        error = await outcome(upload, client, "a.jsonl", f"{LINES}\n{bad}".encode())
        assert isinstance(error, openai.BadRequestError)
        assert "line 4 of the file" in str(error)
        assert why in str(error)
        assert NAME not in str(error)
    assert not bench.server.heard
