"""`serve` and `token`, as a fresh user runs them."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from llm_guard_protecto.testing import FakeProvider

CREATE = ("token", "create", "--namespace", "acme", "--permissions", "mask,unmask")


@contextmanager
def serving(outside: Any, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server in a process of its own, and its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "llm_guard_protecto", "serve", "--port", "0", *options],
        cwd=outside.home,
        env={**outside.environ, "LLM_GUARD_VAULT": "vault.db", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
        address = re.search(r"http://\S+", said)
        assert address, process.communicate(timeout=30)
        yield address[0], process
    finally:
        process.kill()
        process.communicate(timeout=30)


def cli(outside: Any, *words: str) -> Any:
    return outside.cli(*words, LLM_GUARD_VAULT="vault.db")


def token_of(outside: Any, *words: str) -> str:
    ran = cli(outside, *(words or CREATE), "--json")
    assert ran.returncode == 0, ran.stderr
    return str(json.loads(ran.stdout)["token"])


def put(address: str, token: str, path: str, body: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.put(f"{address}/{path}", json=body, headers=headers, timeout=60)


def test_a_server_answers_survives_a_kill_and_stops_when_told(outside: Any) -> None:
    token = token_of(outside)
    with serving(outside) as (address, process):
        got = put(address, token, "mask", {"mask": [{"value": "Ask Sarah Johnson"}]})
        masked = got.json()["data"][0]["token_value"]
        process.kill()
    with serving(outside, "--log-format", "json") as (address, process):
        got = put(address, token, "unmask", {"unmask": [{"token_value": masked}]})
        assert got.json()["data"][0]["value"] == "Ask Sarah Johnson"
        number = got.headers["x-request-id"]
        shown = cli(outside, "token", "list", "--json")  # while the server runs
        [one] = json.loads(shown.stdout)
        assert cli(outside, "token", "revoke", one["id"]).returncode == 0
        got = put(address, token, "unmask", {"unmask": [{"token_value": masked}]})
        assert got.status_code == 401
        process.send_signal(signal.SIGTERM)
        said, log = process.communicate(timeout=60)
    assert process.returncode == 0
    [logged] = [one for one in map(json.loads, log.splitlines()) if one.get("request") == number]
    assert (logged["route"], logged["status"], logged["level"]) == ("/unmask", 200, "INFO")
    assert "Sarah" not in said + log
    assert token not in said + log
    assert "PUT /unmask 200" in log


def test_tokens_are_made_listed_and_revoked(outside: Any) -> None:
    token = token_of(outside, *CREATE, "--owner", "alice", "--end", "2030-01-31")
    root = token_of(outside, "token", "create", "--master")
    assert token.startswith("lgp_user_")
    assert root.startswith("lgp_root_")
    ran = cli(outside, "token", "list", "--json")
    assert token.encode() not in ran.stdout
    made, user = json.loads(ran.stdout)
    assert (made["namespace"], made["permissions"]) == (None, [])
    assert user == {
        "id": user["id"],
        "namespace": "acme",
        "owner": "alice",
        "permissions": ["mask", "unmask"],
        "start_date": None,
        "end_date": "2030-01-31",
        "active": True,
    }
    plain = cli(outside, "token", "list").stdout.decode().splitlines()
    assert plain[1] == f"{user['id']}\tacme\tmask,unmask\talice\t..2030-01-31\tactive"
    assert cli(outside, "token", "revoke", token).returncode == 0
    assert cli(outside, "token", "revoke", token).returncode == 1
    assert b"revoked" in cli(outside, "token", "list").stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("create", "--permissions", "read"), 1, b"unknown permission 'read'"),
        (("create", "--permissions", ""), 1, b"a token needs a permission"),
        (("create", "--end", "soon"), 2, b"YYYY-MM-DD"),
        (("revoke", "nothing"), 1, b"no token has this id"),
    ],
)
def test_a_mistake_is_one_clear_line(
    outside: Any, words: tuple[str, ...], code: int, said: bytes
) -> None:
    ran = cli(outside, "token", *words)
    assert ran.returncode == code
    assert said in ran.stderr
    assert ran.stderr.count(b"\n") == 1


def test_without_the_extra_serve_says_what_to_install(outside: Any) -> None:
    code = (
        "import sys; sys.modules.update(starlette=None, uvicorn=None)\n"
        "from llm_guard_protecto.cli import app\n"
        "app(['serve', '--vault', 'memory:'])"
    )
    ran = outside.run(sys.executable, "-c", code)
    assert ran.returncode == 1
    assert b"pip install 'llm-guard-protecto[server]'" in ran.stderr


def test_serve_is_a_gateway_to_the_providers_of_a_file(outside: Any) -> None:
    provider = FakeProvider()
    with provider.serve() as url:
        file = outside.home / "gateway.toml"
        file.write_text(f'[upstreams.openai]\nurl = "{url}"\nkey_env = "PROVIDER_KEY"\n')
        refused = cli(outside, "serve", "--gateway", str(file))
        assert refused.returncode == 1
        assert "PROVIDER_KEY is not set" in refused.stderr.decode()
        file.write_text(f'[upstreams.openai]\nurl = "{url}"\n')
        token = token_of(outside)
        with serving(outside, "--gateway", str(file)) as (address, _):
            gateway = address.removesuffix("/api/vault")
            got = httpx.post(
                f"{gateway}/v1/chat/completions",
                json={"model": "m", "messages": [{"role": "user", "content": "Ask Sarah Johnson"}]},
                headers={"Authorization": f"Bearer {token}"},
                timeout=60,
            )
    assert got.json()["choices"][0]["message"]["content"] == "Ask Sarah Johnson"
    assert b"Sarah" not in provider.last_body
