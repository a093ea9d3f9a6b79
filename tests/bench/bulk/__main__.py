"""Mask a large CSV file, kill it midway, resume it, and compare; then the same through Ray Data.

    python -m tests.bench.bulk [--rows 1000000] [--processes 2] [--no-ray] [--json]

One PostgreSQL vault, made for the bench, serves all runs. First the run that is killed and resumed
(every value is new to the vault), then one that is not stopped, then Ray Data with two workers.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import secrets
import subprocess
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.bench.bulk import REQUIREMENTS, ROOT
from tests.bench.bulk.people import COLUMNS, write_csv
from tests.bench.bulk.runs import Ran, run
from tests.bench.environment import environment
from tests.postgres import running_server

WORKERS = 2


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--no-ray", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_server() as server:
        figures = measured(
            Path(folder), server.fresh(), given.rows, given.processes, ray=not given.no_ray
        )
    if given.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name:42} {f'{figure:,}' if type(figure) is int else figure}")


def measured(folder: Path, vault: str, rows: int, processes: int, *, ray: bool) -> dict[str, Any]:
    """All figures, by what they are called in the docs."""
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    environ = {**os.environ, "LGP_VAULT_KEY": key, "PYTHONPATH": str(ROOT)}
    source = folder / "people.csv"
    write_csv(source, rows)

    def command(target: Path) -> tuple[list[str], Path]:
        words = ["mask-file", str(source), str(target), "--columns", ",".join(COLUMNS)]
        words += ["--vault", vault, "--processes", str(processes), "--json"]
        return words, target.with_name(target.name + ".part") / "done.json"

    stopped, whole = folder / "stopped.csv", folder / "whole.csv"
    words, note = command(stopped)
    killed = run(words, environ, note, kill_at=rows // 2)
    resumed = run(words, environ, note)
    known = run(*_with(command(whole), environ))
    figures: dict[str, Any] = {
        "rows": rows,
        "processes": processes,
        "killed after rows": killed.rows,
        "rows a second, values new to the vault": _rate(rows, killed, resumed),
        "rows a second, values known": _rate(rows, known),
        "rows a second of processor time": round(rows / (killed.cpu_seconds + resumed.cpu_seconds)),
        "peak memory, MB": round(max(one.peak_mb for one in (killed, resumed, known))),
        "resumed output is the same": _digest(stopped) == _digest(whole),
        "runs": {
            name: {part: round(value, 1) for part, value in asdict(one).items()}
            for name, one in (("killed", killed), ("resumed", resumed), ("whole", known))
        },
    }
    if ray:
        figures |= _through_ray(source, folder / "ray.csv", whole, vault, environ, rows)
    return figures


def _with(
    command: tuple[list[str], Path], environ: dict[str, str]
) -> tuple[list[str], dict[str, str], Path]:
    words, note = command
    return words, environ, note


def _rate(rows: int, *runs: Ran) -> int:
    return round(rows / sum(one.seconds for one in runs))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _through_ray(
    source: Path, target: Path, whole: Path, vault: str, environ: dict[str, str], rows: int
) -> dict[str, Any]:
    python = environment("workers", REQUIREMENTS)
    if isinstance(python, str):
        return {"Ray Data": python}
    ran = subprocess.run(
        [
            python,
            Path(__file__).with_name("ray_worker.py"),
            *(str(source), str(target), vault, str(WORKERS)),
        ],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        return {"Ray Data": f"failed: {ran.stderr.strip().splitlines()[-1:]}"}
    seconds = json.loads(ran.stdout.splitlines()[-1])["seconds"]
    return {
        "Ray Data, workers": WORKERS,
        "Ray Data, rows a second": round(rows / seconds),
        "Ray Data, output is the same": _digest(target) == _digest(whole),
    }


if __name__ == "__main__":
    main()
