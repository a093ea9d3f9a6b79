"""A whole file: masked or turned back, row by row, in bounded memory, and resumed after a kill.

The output is the same however often the work was stopped, and however many processes did it.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, Unpack

from llm_guard_protecto.bulk.cells import Done, TokenType, token_types
from llm_guard_protecto.bulk.format import Chunk
from llm_guard_protecto.bulk.kinds import opened
from llm_guard_protecto.bulk.progress import Note, Part
from llm_guard_protecto.bulk.workers import Task, in_processes, in_this_process
from llm_guard_protecto.engine.local import LocalVault
from llm_guard_protecto.engine.opening import address_of
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.policy import Policy
from llm_guard_protecto.vault import PolicyChoice

__all__ = ["FileOptions", "FileReport", "Step", "mask_file", "unmask_file"]


@dataclass(frozen=True, slots=True)
class Step:
    """How far the work is: `done` of `total` (bytes, of Parquet rows), and the rows so far."""

    done: int
    total: int
    rows: int


class FileOptions(TypedDict, total=False):
    """What can be said of a file beside where it is; every option can be left out.

    `vault`: an open vault, or the address of one as for `LocalVault`. `columns`: those to mask,
    by default all. `tokens`: the token type of columns that are one value from end to end, such
    as `{"name": "Person Token"}`; they are not searched, and are masked beside `columns`.
    `form`: `csv`, `tsv`, `jsonl`, `parquet` or `text`, by default as the name of the file ends.
    `encoding`: by default UTF-8. `separator`: that of a CSV file, by default a comma.
    `processes`: more than 1 needs the address of a vault. `restart`: forget what an earlier run
    has done. `keep_every`: the seconds of work that a kill can cost, by default 2. `each`: called
    after every chunk.
    """

    vault: LocalVault | str | Path | None
    policy: PolicyChoice
    columns: Sequence[str] | None
    tokens: Mapping[str, str | TokenType]
    form: str | None
    encoding: str
    separator: str | None
    processes: int
    restart: bool
    keep_every: float
    each: Callable[[Step], None] | None


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of a file. `resumed` of its `rows` were done by an earlier run.

    `changed` of its `cells` were masked or turned back, `entities` counts what was masked (by
    every run); `seconds` are those of this run alone.
    """

    rows: int
    resumed: int
    cells: int
    changed: int
    entities: Mapping[str, int]
    processes: int
    seconds: float

    @property
    def rows_per_second(self) -> float:
        """Rows of this run by its seconds."""
        return (self.rows - self.resumed) / self.seconds if self.seconds else 0.0


def mask_file(source: str | Path, target: str | Path, **options: Unpack[FileOptions]) -> FileReport:
    """Mask a CSV, JSON Lines, Parquet or text file into a new one; see `FileOptions`.

    What is done is kept in a folder `<target>.part`: after a kill the same call goes on where it
    was, at most `keep_every` seconds back. Nothing is at `target` before all of it is done.

    Raises `ConfigurationError` for a wrong setting, a missing column, or a `target` that exists;
    `UnknownFormat` for a row that cannot be read, with its line; `VaultError`, `DetectionFailed`
    and OSError as they come. None of them quotes the file.
    """
    return _run(Path(source), Path(target), options, back=False)


def unmask_file(
    source: str | Path, target: str | Path, **options: Unpack[FileOptions]
) -> FileReport:
    """Turn the tokens of a masked file back, into a new file that only its owner can read.

    All else is as for `mask_file`; `columns` and `tokens` are those that were given there.
    """
    return _run(Path(source), Path(target), options, back=True)


def _run(source: Path, target: Path, options: FileOptions, *, back: bool) -> FileReport:
    _check(target)
    file = opened(
        source,
        options.get("form"),
        options.get("columns"),
        token_types(options.get("tokens") or {}),
        options.get("encoding", "utf-8"),
        options.get("separator"),
    )
    head, first = file.begin()
    given, processes = options.get("vault"), options.get("processes", 1)
    with _vault(given, processes) as vault:
        policy = options.get("policy")
        task = Task(policy if isinstance(policy, Policy) else vault.policy(policy), back)
        restart = options.get("restart", False) or not vault.store.lasting
        with Part.of(target, _digest(source, options, vault, task), restart=restart) as part:
            started = time.monotonic()
            note = part.read() or part.begin(head, first, private=back)
            resumed = note.place.rows
            if processes == 1 or isinstance(given, LocalVault):
                results = in_this_process(file.chunks(note.place), vault, task)
            else:
                address = address_of(given, os.environ)
                results = in_processes(file.chunks(note.place), address, task, processes)
            with closing(results):
                note = _write(results, part, note, file.size, options)
            _check(target)
            file.finish(part.data, target)
            part.remove()
    return FileReport(
        rows=note.place.rows,
        resumed=resumed,
        cells=note.cells,
        changed=note.changed,
        entities=dict(note.entities.most_common()),
        processes=processes,
        seconds=time.monotonic() - started,
    )


def _check(target: Path) -> None:
    """Raise `ConfigurationError` unless a file can be made there."""
    if os.path.lexists(target):
        raise ConfigurationError(f"{target} is there already; remove it or name another file")
    if not target.parent.is_dir():
        raise ConfigurationError(f"there is no folder {target.parent}")


@contextmanager
def _vault(given: LocalVault | str | Path | None, processes: int) -> Iterator[LocalVault]:
    """The vault that was given, or the one at an address for as long as the block lasts."""
    if processes < 1:
        raise ConfigurationError("there is at least 1 process")
    if isinstance(given, LocalVault):
        if processes > 1:
            raise ConfigurationError("several processes need the address of a vault")
        yield given
        return
    with LocalVault(given) as vault:
        if processes > 1 and not vault.store.lasting:
            raise ConfigurationError("a vault in memory is not shared by processes")
        yield vault


def _digest(source: Path, options: FileOptions, vault: LocalVault, task: Task) -> str:
    """Stands for everything that the output depends on."""
    there = source.stat()
    columns = options.get("columns")
    types = token_types(options.get("tokens") or {})
    parts = [
        [str(source.resolve()), there.st_size, there.st_mtime_ns],
        None if columns is None else sorted(columns),
        sorted((name, kind.name, kind.format) for name, kind in types.items()),
        [options.get("form"), options.get("encoding", "utf-8"), options.get("separator")],
        [task.policy.fingerprint, task.back],
        [vault.store.location, vault.keyring.name],
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _write(
    results: Iterable[tuple[Chunk, Done]],
    part: Part,
    note: Note,
    total: int,
    options: FileOptions,
) -> Note:
    """Write the chunks after those of `note`, keeping notes; gives the last one."""
    each, keep_every = options.get("each"), options.get("keep_every", 2.0)
    with part.data.open("r+b") as data:
        data.truncate(note.written)
        data.seek(note.written)
        kept = time.monotonic()
        for chunk, done in results:
            note = note.after(chunk, done, data.write(chunk.write(done.texts)))
            if time.monotonic() - kept >= keep_every:
                data.flush()
                part.keep(note, data.fileno())
                kept = time.monotonic()
            if each is not None:
                each(Step(note.place.offset, total, note.place.rows))
        data.flush()
        part.keep(note, data.fileno())
    return note
