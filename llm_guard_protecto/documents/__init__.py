"""Documents for retrieval: masked at ingest, split without cutting a token, restored when read."""

from __future__ import annotations

from llm_guard_protecto.documents.collection import (
    AsyncStored,
    Progress,
    Stored,
    amask_collection,
    mask_collection,
)
from llm_guard_protecto.documents.document import Document, MaskedDocument
from llm_guard_protecto.documents.ingest import (
    amask_documents,
    amask_query,
    mask_documents,
    mask_query,
)
from llm_guard_protecto.documents.reading import (
    EVERYTHING,
    NOTHING,
    Reader,
    arestorer,
    areveal,
    restorer,
    reveal,
)
from llm_guard_protecto.documents.splitter import Chunk, Splitter

__all__ = [
    "EVERYTHING",
    "NOTHING",
    "AsyncStored",
    "Chunk",
    "Document",
    "MaskedDocument",
    "Progress",
    "Reader",
    "Splitter",
    "Stored",
    "amask_collection",
    "amask_documents",
    "amask_query",
    "arestorer",
    "areveal",
    "mask_collection",
    "mask_documents",
    "mask_query",
    "restorer",
    "reveal",
]
