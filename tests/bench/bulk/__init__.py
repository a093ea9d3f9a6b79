"""A million rows: masked, killed, resumed, compared, and once more through Ray Data."""

from __future__ import annotations

from pathlib import Path

__all__ = ["REQUIREMENTS", "ROOT"]

ROOT = Path(__file__).parents[3]

REQUIREMENTS = (f"{ROOT}[postgres]", "ray[data]==2.60.0", "dask[dataframe]==2026.8.0")
"""What the environment `workers` has, for this bench and for the tests of the adapters."""
