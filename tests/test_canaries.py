"""Nothing with a value in it shows: not in an error, not in a repr, not in a log, not on disk.

`tests/sweep.py` searches what the whole suite logged and left on disk; here every kind of error is
forced on texts that hold values, and every object of a call is shown.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from llm_guard_protecto import Guard, LocalVault, Policy
from llm_guard_protecto.detect.known import Known
from llm_guard_protecto.engine.seal import Sealer
from llm_guard_protecto.engine.store import open_store
from llm_guard_protecto.errors import GuardError
from llm_guard_protecto.guard import Outgoing, drive
from llm_guard_protecto.guard.restore import Restorer
from llm_guard_protecto.guard.tokenmap import TokenMap
from llm_guard_protecto.models import Item, Span
from llm_guard_protecto.wire.json_text import JsonText
from llm_guard_protecto.wire.openai_chat import CHAT
from llm_guard_protecto.wire.routes import format_for
from llm_guard_protecto.wire.sse import Events
from tests.clients.leaks import leaked
from tests.sweep import CANARIES

TEXT = " and ".join(CANARIES)
BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": TEXT}]})
KEY = {"LGP_VAULT_KEY": "q0J8mX2rTzV5nKc7YbLw1PdHs9GfRa4UeB6iOxEtNvM="}


def chat(body: str | bytes, path: str = "/v1/chat/completions") -> Any:
    raw = body if isinstance(body, bytes) else body.encode()
    with LocalVault("memory:", environ={}) as vault:
        return drive(Guard().open(Outgoing("POST", path, "application/json", raw)), vault)


def with_detector(detect: Callable[[Sequence[str]], Any]) -> None:
    with LocalVault("memory:", environ={}, detector=detect, deadline=0.1) as vault:
        vault.mask([TEXT])


def raising(texts: Sequence[str]) -> list[list[Span]]:
    raise ValueError(f"cannot read {texts[0]}")


def part(kind: str) -> str:
    content = [{"type": kind, kind: {"url": TEXT}, "text": TEXT}]
    return json.dumps({"messages": [{"role": "user", "content": content}]})


def damaged_vault(path: Path) -> None:
    """A row whose sealed value was exchanged for another's."""
    import apsw

    with LocalVault(path, environ=KEY) as vault:
        tokens = [masked.token_value for masked in vault.mask(list(CANARIES))]
    connection = apsw.Connection(str(path))
    ((sealed,),) = list(connection.execute("SELECT sealed FROM tokens LIMIT 1"))
    connection.execute("UPDATE tokens SET sealed = ?", (sealed,))
    connection.close()
    with LocalVault(path, environ=KEY) as vault:
        vault.unmask(tokens)


ERRORS: dict[str, Callable[[Path], object]] = {
    "a detector raises": lambda _: with_detector(raising),
    "a detector answers nonsense": lambda _: with_detector(lambda t: [[Span(0, 9**9, "PERSON")]]),
    "a detector finds the unknown": lambda _: with_detector(lambda t: [[Span(0, 5, "NOBODY")]]),
    "a text that is no string": lambda _: LocalVault("memory:").mask([TEXT.encode()]),  # type: ignore[list-item]
    "an unknown token type": lambda _: LocalVault("memory:").mask([Item(TEXT, token_name="No")]),
    "an unknown format": lambda _: LocalVault("memory:").mask(
        [Item(TEXT, token_name="Text Token", format="No")]
    ),
    "a body that is no JSON": lambda _: chat("{" + TEXT),
    "a body cut short": lambda _: chat(BODY[:-3]),
    "a body that is no object": lambda _: chat(json.dumps([TEXT])),
    "a body that is no UTF-8": lambda _: chat(TEXT.encode("utf-16")),
    "a body too deep": lambda _: chat("[" * 99 + json.dumps(TEXT) + "]" * 99),
    "a picture": lambda _: chat(part("image_url")),
    "an unknown content part": lambda _: chat(part("hologram")),
    "a route with a value in it": lambda _: chat(BODY, f"/v1/users/{CANARIES[0]}"),
    "a policy with a wrong value": lambda _: Policy.parse({"name": "p", "allow": {TEXT: 1}}),
    "a policy with a wrong action": lambda _: Policy.parse(
        {"name": "p", "entities": {"PERSON": {"action": TEXT}}}
    ),
    "a sealed value that was changed": lambda _: Sealer(bytes(range(32))).open(
        Sealer(bytes(range(32))).seal(TEXT, b"here"), b"there"
    ),
    "a vault that was tampered with": lambda path: damaged_vault(path / "vault.db"),
    "a store with a value for a path": lambda _: open_store(f"nowhere://{TEXT}"),
}


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("name", ERRORS)
def test_no_error_shows_a_value(name: str, tmp_path: Path) -> None:
    with pytest.raises(GuardError) as caught:
        ERRORS[name](tmp_path)
    assert str(caught.value)
    for error in chain(caught.value):
        shown = [str(error), repr(error), repr(error.args), repr(vars(error))]
        shown += traceback.format_exception(error)
        # The lines of this file quote the case itself; only what the error says is searched.
        said = "\n".join(line for line in shown if "tests/test_canaries.py" not in line)
        assert leaked(said.encode(), CANARIES) == []


def test_no_repr_shows_a_value() -> None:
    with LocalVault("memory:", environ={}) as vault:
        masked = vault.mask([TEXT])[0]
        request = Outgoing("POST", "/v1/chat/completions", "application/json", BODY.encode())
        opened = drive(Guard().open(request), vault)
        doc = JsonText(BODY)
        restorer = Restorer(opened.tokens)
        restorer.feed(masked.token_value)
        shown = [
            vault,
            request,
            opened,
            opened.tokens,
            TokenMap.of([masked]),
            masked,
            *masked.individual_tokens,
            *masked.excluded_entities,
            *vault.unmask([masked.token_value]),
            *vault.find([TEXT]),
            Item(TEXT),
            doc,
            *doc.leaves,
            *CHAT.request_slots(doc),
            format_for("POST", "/v1/chat/completions"),
            restorer,
            opened.stream("text/event-stream"),
            Known(dict.fromkeys(CANARIES, "PERSON")),
            *Events().feed(f"data: {BODY}\n\n".encode()),
            masked.toxicity_analysis,
        ]
    for one in shown:
        assert leaked(repr(one).encode(), CANARIES) == [], type(one)


def test_no_log_shows_a_value(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    with caplog.at_level(logging.DEBUG), LocalVault(tmp_path / "v.db", environ=KEY) as vault:
        masked = vault.mask([TEXT])[0]
        vault.unmask([masked.token_value])
    assert leaked(caplog.text.encode(), CANARIES) == []


def test_no_file_of_a_vault_holds_a_value(tmp_path: Path) -> None:
    """While the vault is open, so that the write-ahead log is there, and after it was closed."""
    path = tmp_path / "vault.db"
    with LocalVault(path, environ=KEY) as vault:
        vault.mask([TEXT])
        open_files = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
        assert any(name.endswith("-wal") for name in open_files)
    files = {**open_files, "closed": path.read_bytes()}
    for name, data in files.items():
        assert leaked(data, CANARIES) == [], name
        for word in ("Johnson", "sarah.johnson", "Brandvold"):
            assert word.encode() not in data, name
