"""Invented people as files of each kind, with everything that makes a file awkward."""

from __future__ import annotations

import csv
import json
from pathlib import Path

__all__ = ["CLEAR", "FORMS", "rows", "write"]

FORMS = ("csv", "tsv", "jsonl", "txt", "parquet")
CLEAR = ("Hartley", "Okafor", "Moss", "(555)", "example.com")

_FIRST = ("Imogen", "Thomas", "Ada", "Priya", "Mateo", "Wei")
_LAST = ("Hartley", "Okafor", "Moss")


def rows(count: int) -> list[dict[str, str]]:
    """Rows with an id, a name, a mail and a note."""
    made = []
    for at in range(count):
        first, last = _FIRST[at % len(_FIRST)], _LAST[at % len(_LAST)]
        note = f'{first} said "call (555) 987-{1000 + at % 97}", then left;\nØrsted, {at}'
        mail = f"{first}.{last}{at % 41}@example.com".lower()
        made.append(
            {"id": str(at), "name": f"{first} {last}", "mail": mail if at % 5 else "", "note": note}
        )
    return made


def write(path: Path, made: list[dict[str, str]]) -> Path:
    """Write rows as the file's ending says."""
    kind = path.suffix[1:]
    if kind == "parquet":
        import pyarrow
        from pyarrow import parquet

        table = pyarrow.Table.from_pylist([{**row, "mail": row["mail"] or None} for row in made])
        table = table.set_column(0, "id", table.column("id").cast(pyarrow.int64()))
        table = table.append_column(
            "town", pyarrow.array(["Boston"] * len(made)).dictionary_encode()
        )
        parquet.write_table(table, path, row_group_size=700)
    elif kind == "jsonl":
        lines = [
            json.dumps({**row, "id": int(row["id"]), "more": {"list": [row["name"], None, 1.50]}})
            for row in made
        ]
        path.write_text("\n\n".join(lines), encoding="utf-8")
    elif kind == "txt":
        path.write_text("".join(row["note"] + "\r\n" for row in made)[:-2], "utf-8", newline="")
    else:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, list(made[0]), delimiter="\t" if kind == "tsv" else ",")
            writer.writeheader()
            writer.writerows(made)
    return path
