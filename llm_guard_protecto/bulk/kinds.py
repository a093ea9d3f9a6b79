"""Which kinds of files there are, and which one a file is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from llm_guard_protecto.bulk.cells import TokenType
from llm_guard_protecto.bulk.delimited import Delimited
from llm_guard_protecto.bulk.format import Format
from llm_guard_protecto.bulk.json_lines import JsonLines
from llm_guard_protecto.bulk.lines import checked_encoding
from llm_guard_protecto.bulk.parquet import Parquet
from llm_guard_protecto.bulk.text_lines import TextLines
from llm_guard_protecto.errors import ConfigurationError

__all__ = ["FORMS", "opened"]

FORMS = ("csv", "tsv", "jsonl", "parquet", "text")
"""What `form` may be."""

_ENDINGS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".txt": "text",
    ".text": "text",
    ".log": "text",
}


def opened(
    path: Path,
    form: str | None,
    columns: Sequence[str] | None,
    types: Mapping[str, TokenType],
    encoding: str,
    separator: str | None,
) -> Format:
    """The file at `path`, ready to be read. Raises `ConfigurationError` for a wrong setting."""
    form = form or _ENDINGS.get(path.suffix.lower())
    if form is None:
        raise ConfigurationError(
            f"{path.name}: the kind of file is not known by its name; say which: {', '.join(FORMS)}"
        )
    if form not in FORMS:
        raise ConfigurationError(f"unknown kind of file {form!r}; known: {', '.join(FORMS)}")
    if separator is not None and form != "csv":
        raise ConfigurationError("only a CSV file has a separator to choose")
    if separator is not None and (len(separator) != 1 or separator in '\r\n"'):
        raise ConfigurationError("a separator is one character, and no quote or line end")
    path.open("rb").close()  # so that a missing file is told as one
    encoding = checked_encoding(encoding)
    if form == "parquet":
        return Parquet(path, columns, types)
    if form == "jsonl":
        return JsonLines(path, columns, types, encoding)
    if form == "text":
        return TextLines(path, columns, types, encoding)
    return Delimited(path, columns, types, encoding, "\t" if form == "tsv" else separator or ",")
