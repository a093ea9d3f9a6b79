"""The errors of a remote vault: each is one of the package's, and the page lists them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from llm_guard_protecto import VaultError
from llm_guard_protecto.protecto import faults

PAGE = (Path(__file__).parents[2] / "docs" / "protecto.md").read_text()


@pytest.mark.parametrize("name", faults.__all__)
def test_every_error_is_documented_and_has_a_code_of_its_own(name: str) -> None:
    error = getattr(faults, name)
    assert issubclass(error, VaultError)
    assert error.code not in {base.__dict__.get("code") for base in error.__mro__[1:]}
    rows = [row for row in re.findall(r"^\| (.+) \|$", PAGE, re.MULTILINE) if f"`{name}`" in row]
    assert any(f"`{error.code}`" in row for row in rows)
    assert str(error()) == (error.__doc__ or "").split("\n")[0]
