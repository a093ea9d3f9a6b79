"""Programs that the tests of this folder run, copy and kill: `python children.py NAME ARGUMENTS`.

Each prints one JSON value. They run in processes of their own, with no thread left over from
other tests, so that forks and kills are what they would be in production.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

import apsw

from llm_guard_protecto.engine.keys import Keyring
from llm_guard_protecto.engine.keysource import RootKey, open_vault
from llm_guard_protecto.engine.store import Row, Store, open_store
from llm_guard_protecto.engine.store.sqlite import SqliteStore
from llm_guard_protecto.errors import VaultUnavailable

ROOT = RootKey(
    bytes.fromhex("5f3c1e9ab27d48c60db1e47a9236f85c81d7034be6a92f5c7014cb83fd6e25a9"), "test"
)
DAY = 20_500


def row(number: int, size: int = 45) -> Row:
    return Row(number.to_bytes(4, "big") * 4, 0, "safe:5-10", f"t{number}", 0, 1, bytes(size), DAY)


def sealed_row(keyring: Keyring, value: str, token: str, counter: int = 0) -> Row:
    index = keyring.index.of("safe", value)
    version, sealed = keyring.seal(value, kind="safe", index=index, alias=0, token=token)
    return Row(index, 0, "safe", token, counter, version, sealed, DAY)


def start(path: str, go: str) -> object:
    """Open a vault together with others; what its key and tokens are."""
    _wait_for(go)
    store, root = open_vault(path)
    with store:
        keyring = Keyring.open(store, "default", root, DAY)
        return [root.id, keyring.tokens.digest("safe", "Imogen", 0).hex(), keyring.namespace]


def read_only() -> object:
    """What a user without rights on a directory or a file is told, and what is left of it."""
    said: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as top:
        home = Path(top) / "data"
        home.mkdir()
        path = home / "vault.db"
        with SqliteStore(path) as store:
            store.add(store.namespace("default"), [row(1)])
        if os.geteuid() == 0:  # nothing is read-only to root
            for place in (Path(top), home, path):
                os.chown(place, 65534, 65534)
            os.seteuid(65534)
        home.chmod(0o500)
        try:
            SqliteStore(home / "new.db")
        except VaultUnavailable as error:
            said["new vault"] = str(error)[: len("cannot create")]
        said["read-only directory"] = _error_of(lambda: _use(path))
        home.chmod(0o700)
        path.chmod(0o400)
        said["read-only file"] = _error_of(lambda: _use(path))
        path.chmod(0o600)
        with SqliteStore(path) as store:
            rows = store.by_token(store.namespace("default"), ["t1", "t2"])
            said["afterwards"] = [one.token for one in rows]
        os.seteuid(os.getuid())
    return said


def small_disk(path: str) -> object:
    """Write until a file may not grow any more, then allow it again."""
    kept: list[int] = []
    refused: list[int] = []
    error: VaultUnavailable | None = None
    with SqliteStore(path) as store:
        here = store.namespace("default")
        store.add(here, [row(n) for n in range(20)])
        kept += range(20)
        no_limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, no_limit[1]))
        for first in range(20, 20_000, 20):
            try:
                store.add(here, [row(n, 500) for n in range(first, first + 20)])
            except VaultUnavailable as refusal:
                error = refusal
                refused += range(first, first + 20)
                if len(refused) > 100:
                    break
            else:
                kept += range(first, first + 20)
        found = {r.token for r in store.by_token(here, [f"t{n}" for n in kept + refused])}
        resource.setrlimit(resource.RLIMIT_FSIZE, no_limit)
        store.add(here, [row(99_999)])
        works = bool(store.by_token(here, ["t99999"]))
    return {
        "error": type(error).__name__,
        "message": str(error),
        "kept": len(kept),
        "tokens": [f"t{n}" for n in kept],
        "lost": [n for n in kept if f"t{n}" not in found],
        "halves": [n for n in refused if f"t{n}" in found],
        "works again": works,
    }


def no_close(path: str) -> object:
    """End with a store open, threads that still write and nobody to close it."""
    store = SqliteStore(path)
    here = store.namespace("default")
    promised: list[str] = []

    def write(first: int) -> None:
        with suppress(VaultUnavailable):  # what the store says once the program ends
            for n in range(first, first + 100_000):
                store.add(here, [row(n)])
                promised.append(f"t{n}")

    for worker in range(8):
        threading.Thread(target=write, args=(worker * 100_000,), daemon=True).start()
    while len(promised) < 200:
        time.sleep(0.001)
    return list(promised)


def forks(path: str) -> object:
    """Copy the process while its threads write; parent and children use the store."""
    store = open_store(path)
    here = store.namespace("default")
    promised: list[list[str]] = [[] for _ in range(4)]
    done = threading.Event()

    def write(worker: int) -> None:
        n = worker * 1_000_000
        while not done.is_set():
            store.add(here, [row(n)])
            promised[worker].append(f"t{n}")
            n += 1

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    children = []
    for number in range(12):
        time.sleep(0.01)
        pid = os.fork()
        if pid == 0:
            os._exit(_child_of_a_fork(store, here, 10_000_000 + number * 1_000_000))
        children.append(pid)
        time.sleep(0.01)
    ends = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
    done.set()
    for thread in threads:
        thread.join()
    wanted = [token for tokens in promised for token in tokens]
    wanted += [f"t{10_000_000 + k * 1_000_000 + n}" for k in range(12) for n in range(20)]
    found = {one.token for one in store.by_token(here, wanted)}
    store.close()
    return {
        "children": ends,
        "lost": [token for token in wanted if token not in found],
        "integrity": _integrity(path),
    }


def _child_of_a_fork(store: Store, here: int, first: int) -> int:
    try:
        for n in range(first, first + 20):
            store.add(here, [row(n)])
            if not store.by_token(here, [f"t{n}"]):
                return 2
        store.close()
    except BaseException:  # noqa: BLE001 - the exit code tells
        traceback.print_exc()
        return 3
    return 0


def unfit_fork(path: str) -> object:
    """Copy a process whose SQLite may not share its file."""
    store = SqliteStore(path, sqlite_version="3.40.1")
    here = store.namespace("default")
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writer, _error_of(lambda: store.add(here, [row(1)])).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    child = os.read(reader, 100).decode()
    store.add(here, [row(2)])
    parent = "ok" if [r.token for r in store.by_token(here, ["t1", "t2"])] == ["t2"] else "wrong"
    store.close()
    return {"parent": parent, "child": child}


def crash(path: str, rounds: str, seed: str) -> object:
    """Kill a writing child again and again; whatever it acknowledged must be there, and right."""
    pick = random.Random(int(seed))
    ledger: dict[int, str] = {}
    lost: set[int] = set()
    wrong: set[int] = set()
    sick: list[str] = []
    slowest = 0.0
    for number in range(int(rounds)):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            _write_until_killed(path, writer, number * 100_000)
        os.close(writer)
        time.sleep(0.005 + pick.random() ** 2 * 0.3)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        with os.fdopen(reader, "rb") as pipe:
            lines = pipe.read().split(b"\n")[:-1]
        acked = [int(line) for line in lines]
        ledger.update({n: _value(n) for n in acked})
        began = time.monotonic()
        with SqliteStore(path) as store:
            keyring = Keyring.open(store, "default", ROOT, DAY)
            slowest = max(slowest, time.monotonic() - began)
            _check_ledger(store, keyring, {n: ledger[n] for n in acked}, lost, wrong)
        if number % 10 == 9:
            sick += [] if (verdict := _integrity(path)) == "ok" else [verdict]
    with SqliteStore(path) as store:
        keyring = Keyring.open(store, "default", ROOT, DAY)
        _check_ledger(store, keyring, ledger, lost, wrong)
        rows = store.usage(keyring.namespace)
    return {
        "acked": len(ledger),
        "rows": sum(rows.values()),
        "lost": sorted(lost),
        "wrong": sorted(wrong),
        "sick": sick,
        "slowest": slowest,
    }


def _value(number: int) -> str:
    return f"Imogen {number} O'Brádaigh"


def _write_until_killed(path: str, pipe: int, first: int) -> None:
    store = SqliteStore(path)
    keyring = Keyring.open(store, "default", ROOT, DAY)

    def write(start: int) -> None:
        n = start
        while True:
            batch = range(n, n + 3)
            rows = [sealed_row(keyring, _value(k), f"t{k}") for k in batch]
            store.add(keyring.namespace, rows)
            os.write(pipe, b"".join(b"%d\n" % k for k in batch))
            n += 3

    for worker in range(3):
        threading.Thread(target=write, args=(first + worker * 30_000,)).start()
    threading.Event().wait()


def _check_ledger(
    store: Store, keyring: Keyring, ledger: dict[int, str], lost: set[int], wrong: set[int]
) -> None:
    indexes = {keyring.index.of("safe", value): n for n, value in ledger.items()}
    found = {indexes[one.index]: one for one in store.by_index(keyring.namespace, list(indexes))}
    lost.update(ledger.keys() - found.keys())
    for n, one in found.items():
        if one.token != f"t{n}" or keyring.value(one) != ledger[n]:
            wrong.add(n)


def race(path: str, go: str, count: str, seed: str) -> object:
    """Give tokens to the same values as others do at the same time; value -> token.

    Tokens are three digits and a letter at first, so that values meet on them all the time.
    """
    order = list(range(int(count)))
    random.Random(int(seed)).shuffle(order)
    _wait_for(go)
    store, root = open_vault(path)
    tokens: dict[int, str] = {}
    slowest = 0.0
    with store:
        keyring = Keyring.open(store, "default", root, DAY)
        for first in range(0, len(order), 5):
            waiting = dict.fromkeys(order[first : first + 5], 0)
            while waiting:
                rows = [
                    sealed_row(keyring, _value(n), _candidate(keyring, n, counter), counter)
                    for n, counter in waiting.items()
                ]
                began = time.monotonic()
                store.add(keyring.namespace, rows)
                slowest = max(slowest, time.monotonic() - began)
                for one in store.by_index(keyring.namespace, [r.index for r in rows]):
                    n = int(keyring.value(one).split()[1])
                    tokens[n] = one.token
                    del waiting[n]
                waiting = {n: counter + 1 for n, counter in waiting.items()}
    return {"tokens": [tokens[n] for n in sorted(tokens)], "slowest": slowest}


def _candidate(keyring: Keyring, number: int, counter: int) -> str:
    digest = keyring.tokens.digest("safe", _value(number), counter)
    size = 1000 * 10 ** (counter // 4)
    letter = "aAbB"[digest[8] % 4]
    return f"{letter}{int.from_bytes(digest[:8], 'big') % size}"


def _use(path: Path) -> None:
    with SqliteStore(path) as store:
        store.add(store.namespace("default"), [row(2)])


def _error_of(work: Callable[[], object]) -> str:
    try:
        work()
    except Exception as error:  # noqa: BLE001 - its name is the answer
        return type(error).__name__
    return "no error"


def _integrity(path: str) -> str:
    if path.startswith("postgresql:"):
        return "ok"
    with closing(apsw.Connection(path)) as db:
        return str(db.pragma("integrity_check"))


def _wait_for(go: str) -> None:
    print("ready", file=sys.stderr, flush=True)
    while not Path(go).exists():
        time.sleep(0.001)


PROGRAMS: dict[str, Callable[..., object]] = {
    program.__name__: program
    for program in (start, read_only, small_disk, no_close, forks, unfit_fork, crash, race)
}

if __name__ == "__main__":
    # Python warns of forks beside threads from 3.12 on; here that is what is being tested.
    warnings.filterwarnings("ignore", ".*fork.*", DeprecationWarning)
    print(json.dumps(PROGRAMS[sys.argv[1]](*sys.argv[2:])))
