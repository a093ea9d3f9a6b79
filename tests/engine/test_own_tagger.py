"""A vault with weights of the user's own: they work, or the vault does not open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from llm_guard_protecto import ConfigurationError, LocalVault, Policy, Span
from llm_guard_protecto.detect.tagger import WEIGHTS

TEXT = "Ada Moss moved to Leeds, her mail is ada@example.com"


def arrays() -> dict[str, Any]:
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def test_the_shipped_weights_by_name_find_the_same(tmp_path: Path) -> None:
    with LocalVault("memory:", environ={}) as plain:
        expected = plain.find([TEXT])
    environ = {"LLM_GUARD_TAGGER": str(WEIGHTS)}
    with LocalVault("memory:", environ=environ) as named:
        assert named.find([TEXT]) == expected
    with LocalVault("memory:", environ={}, tagger=str(WEIGHTS)) as given:
        assert given.find([TEXT]) == expected
        [masked] = given.mask([TEXT])
        assert "Moss" not in masked.token_value


def test_the_argument_goes_before_the_environment(tmp_path: Path) -> None:
    environ = {"LLM_GUARD_TAGGER": str(tmp_path / "none.npz")}
    LocalVault("memory:", environ=environ, tagger=WEIGHTS).close()
    LocalVault("memory:", environ={"LLM_GUARD_TAGGER": ""}).close()
    with pytest.raises(ConfigurationError, match=r"none\.npz: No such file"):
        LocalVault("memory:", environ=environ)


def damaged(folder: Path, how: str) -> Path:
    path = folder / f"{how}.npz"
    whole = arrays()
    match how:
        case "empty":
            path.write_bytes(b"")
        case "text":
            path.write_text("no weights at all")
        case "cut":
            path.write_bytes(WEIGHTS.read_bytes()[:100_000])
        case "flipped":
            data = bytearray(WEIGHTS.read_bytes())
            data[len(data) // 2] ^= 0x10
            path.write_bytes(data)
        case "missing array":
            del whole["mix"]
            np.savez(path, **whole)
        case "short table":
            np.savez(path, **whole | {"parts": whole["parts"][:10]})
        case "no numbers":
            np.savez(path, **whole | {"bias": np.full_like(whole["bias"], np.nan)})
        case "pickle":
            np.savez(path, allow_pickle=True, **whole | {"bias": np.array([{}], object)})
    return path


@pytest.mark.parametrize(
    "how",
    ["empty", "text", "cut", "flipped", "missing array", "short table", "no numbers", "pickle"],
)
def test_a_damaged_file_opens_no_vault(tmp_path: Path, how: str) -> None:
    path = damaged(tmp_path, how)
    vault = tmp_path / "vault.db"
    with pytest.raises(ConfigurationError, match="damaged") as caught:
        LocalVault(vault, environ={}, tagger=path)
    assert str(path) in str(caught.value)
    assert not vault.exists()


def test_a_folder_is_no_weights_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="directory"):
        LocalVault("memory:", environ={}, tagger=tmp_path)


def test_no_policy_can_name_a_weights_file() -> None:
    with pytest.raises(ConfigurationError, match="tagger: unknown key"):
        Policy.parse({"name": "mine", "tagger": str(WEIGHTS)})


def test_another_detector_leaves_no_place_for_weights() -> None:
    def nothing(texts: Any) -> list[list[Span]]:
        return [[] for _ in texts]

    with pytest.raises(ConfigurationError, match="detector= replaces"):
        LocalVault("memory:", environ={}, detector=nothing, tagger=WEIGHTS)
    environ = {"LLM_GUARD_TAGGER": "not read"}
    with LocalVault("memory:", environ=environ, detector=nothing) as vault:
        assert vault.find([TEXT]) == [[]]
