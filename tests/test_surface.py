"""The surface: its names, what importing costs, and life without what is optional."""

from __future__ import annotations

import sys
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

import llm_guard_protecto

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]

HEAVY = (
    *("anthropic", "apsw", "cryptography", "httpx", "httpx2", "hyperscan", "numpy", "openai"),
    *("phonenumbers", "pydantic", "rich", "starlette", "stdnum", "tiktoken", "torch", "typer"),
)
EXTRAS = (
    *("anthropic", "torch", "starlette", "uvicorn", "vcr", "hypothesis", "pytest"),
    "prometheus_client",
    *("onnx", "onnxruntime", "spacy", "tokenizers"),
    *("dask", "pandas", "polars", "pyarrow", "ray"),
)

SHELL = ("app", "console.chat", "console.pages", "meters", "running")
"""Modules of `server` that cannot be without the extra."""

FRAMEWORKS = {
    "langchain": "langchain",
    "langchain_agents": "langchain",
    "litellm": "litellm",
    "llamaindex": "llamaindex",
}
"""Modules of `integrations` that are classes of a framework, and the extra of each."""


def python(outside: Any, code: str) -> str:
    ran = outside.run(sys.executable, "-c", code)
    assert ran.returncode == 0, ran.stderr.decode()
    return str(ran.stdout.decode())


def hidden(*names: str) -> str:
    """Code after which none of these modules can be imported."""
    return f"import sys\nsys.modules.update(dict.fromkeys({names!r}))\n"


def test_public_names_are_sorted_and_all_there() -> None:
    names = llm_guard_protecto.__all__
    assert names == sorted(set(names))
    for name in names:
        thing = getattr(llm_guard_protecto, name)
        assert thing.__doc__
        assert thing.__name__ == name
    assert set(names) <= set(dir(llm_guard_protecto))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = llm_guard_protecto.Nothing


def test_importing_the_package_loads_nothing_heavy(outside: Any) -> None:
    loaded = python(
        outside,
        "import sys, llm_guard_protecto\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])",
    )
    assert loaded == "[]\n"


@pytest.mark.parametrize("name", ["GuardError", "Item", "Masked", "Span"])
def test_plain_values_load_nothing_heavy(outside: Any, name: str) -> None:
    loaded = python(
        outside,
        f"import sys\nfrom llm_guard_protecto import {name}\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])",
    )
    assert loaded == "[]\n"


def test_every_module_imports_without_the_extras(outside: Any) -> None:
    """All but the recipe that makes the weights, the shell of the server and the classes of
    frameworks: these are what the extras `train`, `server` and those of the frameworks are for.
    """
    imported = python(
        outside,
        hidden(*EXTRAS)
        + "import pkgutil, importlib, llm_guard_protecto as package\n"
        + "for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        + "    parts = module.name.split('.')\n"
        + f"    shell = parts[1] == 'server' and '.'.join(parts[2:]) in {SHELL!r}\n"
        + f"    framework = parts[1] == 'integrations' and parts[-1] in {[*FRAMEWORKS]!r}\n"
        + "    named = 'training' in parts or '__main__' in parts\n"
        + "    if not (named or shell or framework):\n"
        + "        importlib.import_module(module.name)\n"
        + "        print(module.name)\n",
    )
    assert "llm_guard_protecto.engine.local\n" in imported
    assert "llm_guard_protecto.clients.protect\n" in imported


@pytest.mark.parametrize("module", FRAMEWORKS)
def test_a_class_of_a_framework_says_which_extra_it_needs(outside: Any, module: str) -> None:
    ran = outside.run(
        sys.executable,
        "-c",
        hidden("langchain", "langchain_core", "litellm", "llama_index")
        + f"import llm_guard_protecto.integrations.{module}",
    )
    assert ran.returncode == 1
    extra = FRAMEWORKS[module]
    assert f"pip install 'llm-guard-protecto[{extra}]'".encode() in ran.stderr
    assert extra in PROJECT["optional-dependencies"]


def test_a_vault_needs_no_client_library(outside: Any) -> None:
    printed = python(
        outside,
        hidden(*EXTRAS, "openai", "httpx", "httpx2", "tiktoken", "typer", "rich")
        + "from llm_guard_protecto import LocalVault\n"
        + "with LocalVault('memory:') as vault:\n"
        + "    [masked] = vault.mask(['Sarah Johnson, (555) 987-6543'])\n"
        + "    print(masked.token_value)\n"
        + "    print(vault.unmask([masked.token_value])[0].value)\n",
    )
    masked, restored = printed.splitlines()
    assert "Sarah" not in masked
    assert restored == "Sarah Johnson, (555) 987-6543"


def test_we_are_typed_and_say_one_version() -> None:
    assert files("llm_guard_protecto").joinpath("py.typed").is_file()
    assert PROJECT["version"] == llm_guard_protecto.__version__
