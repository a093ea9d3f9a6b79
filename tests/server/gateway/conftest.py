from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="package")
def callers_keep_no_log() -> Iterator[None]:
    """The SDKs here are a program's own, unprotected ones; at DEBUG they log what they are given."""
    loggers = [logging.getLogger(name) for name in ("openai", "anthropic")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.INFO)
    yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
