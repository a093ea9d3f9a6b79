"""`openai.chat.completions.create(...)`: the client that the `openai` module itself keeps.

There is one in a process, made at its first use out of the module's own settings, and it sends
through `openai.http_client` whenever that is set. So that is where the guard goes.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

__all__ = ["client_of", "http_client_of", "is_module_client"]


def is_module_client(client: object) -> bool:
    """Whether `client` is the `openai` module."""
    return isinstance(client, ModuleType) and client.__name__ == "openai"


def http_client_of(module: Any) -> Any:
    """The HTTP client that the module sends through: what the program has set, or the default."""
    return module.http_client or module.DefaultHttpxClient()


def client_of(module: Any, through: Any) -> Any:
    """Let the module send through `through`; return the client that it keeps.

    Its other settings (key, base URL, time-outs) are read from the module at every call.
    """
    module.http_client = through
    return module._load_client()
