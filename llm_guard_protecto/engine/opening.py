"""What a vault is opened with where the caller leaves it to us: its address and its detector."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from llm_guard_protecto.detect.find import Detector, Finder, find
from llm_guard_protecto.errors import ConfigurationError

__all__ = ["address_of", "detector_of"]


def address_of(url: str | Path | None, environ: Mapping[str, str]) -> str:
    """Where the vault is: as given, as the environment says, or in the user's data directory."""
    address = str(url) if url is not None else environ.get("LLM_GUARD_VAULT", "")
    if address:
        return address
    import platformdirs

    return str(platformdirs.user_data_path("llm-guard-protecto") / "vault.db")


def detector_of(
    detector: Detector, tagger: str | Path | None, environ: Mapping[str, str]
) -> Detector:
    """The detector as given, or our own with the weights that the caller or environment names.

    Raises `ConfigurationError` for weights that cannot be used, or that nothing would use.
    """
    if detector is not find:
        if tagger is not None:
            raise ConfigurationError("tagger= is for our own detector, which detector= replaces")
        return detector
    if tagger is None:
        tagger = environ.get("LLM_GUARD_TAGGER") or None
    return find if tagger is None else Finder(Path(tagger))
