"""The table through Ray Data, in the environment that the bench makes.

    python ray_worker.py IN.csv OUT.csv VAULT WORKERS

Prints the seconds from the first row to the last, as JSON.
"""

from __future__ import annotations

import csv
import json
import sys
import time

import pyarrow
import pyarrow.csv
import ray
import ray.data

from llm_guard_protecto.integrations.ray import mask_columns

COLUMNS = ("name", "mail", "note")
BLOCK = 4 * 2**20


def main() -> None:
    source, target, vault, workers = sys.argv[1:]
    ray.init(
        num_cpus=int(workers) + 1,
        include_dashboard=False,
        object_store_memory=256 * 2**20,
        log_to_driver=False,
    )
    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    text = dict.fromkeys(("id", *COLUMNS), pyarrow.string())
    table = ray.data.read_csv(
        source,
        convert_options=pyarrow.csv.ConvertOptions(column_types=text),
        read_options=pyarrow.csv.ReadOptions(block_size=BLOCK),
    )
    started = time.monotonic()
    masked = mask_columns(table, vault, COLUMNS, workers=int(workers))
    with open(target, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("id", *COLUMNS))
        for batch in masked.iter_batches(batch_format="pyarrow", batch_size=10_000):
            writer.writerows(zip(*batch.to_pydict().values(), strict=True))
    print(json.dumps({"seconds": time.monotonic() - started}))


if __name__ == "__main__":
    main()
