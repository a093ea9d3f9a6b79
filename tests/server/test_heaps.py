"""Threads share two heaps once they are told to."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc gives threads heaps of their own"
)

COUNT = """
import ctypes, sys, threading
from pathlib import Path
from llm_guard_protecto.server.heaps import share_heaps

if sys.argv[1] == "shared":
    share_heaps()
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
all_there = threading.Barrier(8)

def take():
    all_there.wait()
    libc.malloc(5000)
    all_there.wait()

threads = [threading.Thread(target=take) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
stream = ctypes.c_void_p(libc.fopen(sys.argv[2].encode(), b"w"))
libc.malloc_info(0, stream)
libc.fclose(stream)
print(Path(sys.argv[2]).read_text().count("<heap "))
"""


@pytest.mark.parametrize(("how", "fits"), [("shared", range(1, 3)), ("own", range(4, 99))])
def test_heaps_of_eight_threads(how: str, fits: range, tmp_path: object) -> None:
    said = subprocess.run(
        [sys.executable, "-c", COUNT, how, f"{tmp_path}/heaps.xml"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert int(said.stdout) in fits
