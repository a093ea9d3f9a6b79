"""The chatbot in `examples/chatbot_web`: a fresh user starts it, and calls it as its page does."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import AsyncOpenAI

from llm_guard_protecto import LocalVault
from llm_guard_protecto.testing import FakeProvider

FOLDER = Path(__file__).parents[1] / "examples" / "chatbot_web"
TEXT = "I am Sarah Johnson, sarah@example.com, and card 4111 1111 1111 1111 is lost."
CLEAR = ("Sarah", "Johnson", "sarah@", "4111")


@contextmanager
def chatbot(
    outside: Any, python: str | Path = sys.executable, **environ: str
) -> Iterator[httpx.Client]:
    """The program, as its page says to start it; a client of it."""
    key = {"LGP_VAULT_KEY": "q0J8mX2rTzV5nKc7YbLw1PdHs9GfRa4UeB6iOxEtNvM="}
    process = subprocess.Popen(
        [python, FOLDER, "--port", "0"],
        cwd=outside.home,
        env={**outside.environ, **key, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
        address = re.search(r"http://\S+", said)
        assert address, process.communicate(timeout=30)
        with httpx.Client(base_url=address[0], timeout=60) as client:
            yield client
    finally:
        process.terminate()
        _, wrong = process.communicate(timeout=30)
    assert wrong == ""


def as_(viewer: str) -> dict[str, str]:
    return {"authorization": f"Bearer demo-{viewer}"}


def contents(client: Any, viewer: str, chat: str = "c-1001", stored: str = "") -> list[str]:
    got = client.get(f"/chats/{chat}{stored}", headers=as_(viewer))
    assert got.status_code == 200
    return [message["content"] for message in got.json()]


def test_a_chat_is_kept_masked_and_read_by_permission(outside: Any) -> None:
    with chatbot(outside) as client:
        with client.stream(
            "POST", "/chats/c-1001", json={"text": TEXT}, headers=as_("1001")
        ) as got:
            pieces = list(got.iter_text())
        reply = "".join(pieces)
        assert reply == f"Hello Sarah Johnson! So far you told me: {TEXT}"
        assert len(pieces) > 3
        assert contents(client, "1001") == [TEXT, reply]

        stored = contents(client, "1001", stored="/stored")
        assert contents(client, "audit") == stored
        assert not any(clear in text for clear in CLEAR for text in stored)

        question, _ = contents(client, "support")
        assert question.startswith("I am Sarah Johnson, <EMAIL>")
        assert "4111" not in question

        # Another customer's own chat: a token that they have seen somewhere means nothing there.
        token = re.search(r"<PER>.+?</PER>", stored[0])
        assert token
        client.post("/chats/c-1002", json={"text": f"Who is {token[0]}?"}, headers=as_("1002"))
        assert not any(
            clear in text for clear in CLEAR for text in contents(client, "1002", "c-1002")
        )

    database = outside.home / "chatbot-data" / "chats.db"
    raw = database.read_bytes()
    assert not any(clear.encode() in raw for clear in CLEAR)
    with sqlite3.connect(database) as opened:
        assert opened.execute("select count(*) from messages").fetchone() == (4,)
    opened.close()

    with chatbot(outside) as client:
        assert contents(client, "1001") == [TEXT, reply]
        more = client.post("/chats/c-1001", json={"text": "And now?"}, headers=as_("1001"))
        assert more.text == f"Hello Sarah Johnson! So far you told me: {TEXT} / And now?"
        client.delete("/chats/c-1001", headers=as_("1001")).raise_for_status()
        assert contents(client, "1001") == []


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Asks the application inside this process; the provider fails as often as one says."""
    monkeypatch.syspath_prepend(FOLDER)
    from web import build

    with LocalVault("memory:", environ={}) as vault:

        def ask(*calls: tuple[str, str, str, Any], failures: int = 0) -> list[httpx.Response]:
            provider = FakeProvider(failures=[429] * failures)
            openai = AsyncOpenAI(api_key="none", max_retries=0, http_client=provider.async_client())
            app = build(tmp_path, vault, openai)

            async def all_of_them() -> list[httpx.Response]:
                transport = httpx.ASGITransport(app)
                async with (
                    app.router.lifespan_context(app),
                    httpx.AsyncClient(transport=transport, base_url="http://chat") as client,
                ):
                    return [
                        await client.request(method, path, headers=as_(viewer), json=body)
                        for method, path, viewer, body in calls
                    ]

            return asyncio.run(all_of_them())

        yield ask


@pytest.mark.parametrize(
    ("method", "path", "viewer", "status"),
    [
        ("GET", "/chats/c-1001", "nobody", 401),
        ("GET", "/chats/c-1001", "1002", 403),
        ("GET", "/chats/c-1001/stored", "1002", 403),
        ("GET", "/chats/other", "audit", 403),
        ("POST", "/chats/c-1001", "1002", 403),
        ("POST", "/chats/c-1001", "support", 403),
        ("DELETE", "/chats/c-1001", "audit", 403),
    ],
)
def test_nobody_does_what_is_not_theirs(
    asked: Any, method: str, path: str, viewer: str, status: int
) -> None:
    [got] = asked((method, path, viewer, {"text": TEXT}))
    assert got.status_code == status
    assert isinstance(got.json()["detail"], str)
    assert "4111" not in got.text


def test_a_model_that_does_not_answer_leaves_nothing_behind(asked: Any) -> None:
    failed, read = asked(
        ("POST", "/chats/c-1001", "1001", {"text": TEXT}),
        ("GET", "/chats/c-1001", "1001", None),
        failures=1,
    )
    assert failed.status_code == 502
    assert failed.json() == {"detail": "The model did not answer. Please try again."}
    assert read.json() == []


def test_the_page_needs_nothing_else(asked: Any) -> None:
    names = sorted(path.name for path in (FOLDER / "page").iterdir())
    for path, got in zip(
        ["", *names], asked(*(("GET", f"/{name}", "x", None) for name in ["", *names])), strict=True
    ):
        assert got.status_code == 200, path
        assert "default-src 'none'" in got.headers["content-security-policy"]
        assert set(re.findall(r"https?://[^\s\"']+", got.text)) <= {"http://www.w3.org/2000/svg"}
        assert "innerHTML" not in got.text
    page = (FOLDER / "page" / "index.html").read_text()
    assert set(re.findall(r'(?:src|href)="([^"]+)"', page)) <= set(names)


def test_viewers_are_told_what_they_may(asked: Any) -> None:
    [got] = asked(("GET", "/viewers", "x", None))
    said = {one["token"]: (one["chats"], one["writes"]) for one in json.loads(got.text)}
    assert said["demo-1001"] == (["c-1001"], True)
    assert said["demo-audit"] == (["c-1001", "c-1002"], False)
