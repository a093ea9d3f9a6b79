"""Importing costs nothing: httpx is loaded when a vault is opened."""

from __future__ import annotations

import sys
from typing import Any

CODE = """
import sys
from llm_guard_protecto import AsyncProtectoVault, ProtectoVault
print([name for name in ("httpx", "httpx2", "anyio", "openai", "apsw", "numpy") if name in sys.modules])
ProtectoVault("https://vault.elm.example", "token").close()
print("httpx" in sys.modules)
"""


def test_httpx_is_loaded_when_a_vault_is_opened(outside: Any) -> None:
    ran = outside.run(sys.executable, "-c", CODE)
    assert ran.stderr == b""
    assert ran.stdout == b"[]\nTrue\n"
