"""Documents for retrieval: masked at ingest, split without cutting a token, restored when read."""

from __future__ import annotations

from llm_guard_protecto.documents.splitter import Chunk, Splitter

__all__ = ["Chunk", "Splitter"]
