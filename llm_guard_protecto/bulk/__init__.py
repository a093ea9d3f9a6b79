"""Bulk data: many cells in one call, whole files, columns of data frames.

from llm_guard_protecto.bulk import mask_file

report = mask_file("people.csv", "masked.csv", columns=["name", "note"])
"""

from __future__ import annotations

from llm_guard_protecto.bulk.batch import mask_batch, unmask_batch
from llm_guard_protecto.bulk.cells import Cells, TokenType, mask_each, unmask_each
from llm_guard_protecto.bulk.file import FileOptions, FileReport, Step, mask_file, unmask_file

__all__ = [
    "Cells",
    "FileOptions",
    "FileReport",
    "Step",
    "TokenType",
    "mask_batch",
    "mask_each",
    "mask_file",
    "unmask_batch",
    "unmask_each",
    "unmask_file",
]
