"""Ray Data and Dask on one PostgreSQL vault, in an environment of their own.

Slow: the environment is made on first use, and Ray takes its time. Run with
`pytest -m slow tests/integrations/test_workers.py`.
"""

from __future__ import annotations

import base64
import csv
import json
import os
import secrets
import subprocess
from pathlib import Path

import pytest

from llm_guard_protecto import LocalVault
from llm_guard_protecto.bulk import mask_each
from tests.bench.bulk import REQUIREMENTS, ROOT
from tests.bench.bulk.people import COLUMNS, rows
from tests.bench.environment import environment

pytestmark = pytest.mark.slow

DRIVER = """
import json, sys
import pandas, ray, ray.data, dask.dataframe
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.integrations import dask as ours_dask, ray as ours_ray

source, vault = sys.argv[1:]
columns = ["name", "mail", "note"]
table = pandas.read_csv(source, dtype=str)
answer = {}

lazy = dask.dataframe.from_pandas(table, npartitions=4)
masked = ours_dask.mask_columns(lazy, vault, columns)
answer["dask"] = masked.compute(scheduler="threads").values.tolist()
back = ours_dask.unmask_columns(masked, vault, columns).compute(scheduler="threads")
answer["dask back"] = back.values.tolist()
try:
    ours_dask.mask_columns(lazy, "memory:", columns).compute()
except ConfigurationError as error:
    answer["memory"] = str(error)

ray.init(num_cpus=8, include_dashboard=False, log_to_driver=False,
         object_store_memory=128 * 2**20)
ray.data.DataContext.get_current().execution_options.preserve_order = True
dataset = ray.data.from_pandas(table).repartition(4)
masked = ours_ray.mask_columns(dataset, vault, columns, workers=2).materialize()
answer["ray"] = [list(row.values()) for row in masked.iter_rows()]
back = ours_ray.unmask_columns(masked, vault, columns, workers=1)
answer["ray back"] = [list(row.values()) for row in back.iter_rows()]
print(json.dumps(answer))
"""


def test_every_worker_gives_a_value_the_same_token(tmp_path: Path, empty_postgres: str) -> None:
    python = environment("workers", REQUIREMENTS)
    assert isinstance(python, Path), python
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    table = [list(row) for row in rows(400)]
    source = tmp_path / "people.csv"
    with source.open("w", newline="") as file:
        csv.writer(file).writerows([["id", *COLUMNS], *table])
    ran = subprocess.run(
        [python, "-c", DRIVER, source, empty_postgres],
        env={**os.environ, "LGP_VAULT_KEY": key, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    answer = json.loads(ran.stdout.splitlines()[-1])
    with LocalVault(empty_postgres, environ={"LGP_VAULT_KEY": key}) as vault:
        want = [
            [number, *(one.token_value for one in mask_each(vault, cells))]
            for number, *cells in table
        ]
    assert answer["dask"] == answer["ray"] == want
    assert answer["dask back"] == answer["ray back"] == table
    assert answer["memory"] == "workers need a vault that they share, not one in memory"
