"""Programs that the tests of the audit run: `python audit_child.py write|full ARGUMENTS`."""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from llm_guard_protecto import LocalVault
from llm_guard_protecto.engine.acting import acting
from llm_guard_protecto.engine.audit import AuditSettings
from llm_guard_protecto.errors import VaultUnavailable

KEY = {"LGP_VAULT_KEY": "q0J8mX2rTzV5nKc7YbLw1PdHs9GfRa4UeB6iOxEtNvM="}


def write(url: str, sink: str, times: str, cut: str) -> None:
    """Unmask so many times, and with `cut` delete old records in between."""
    settings = AuditSettings(sink, every=1)
    with LocalVault(url, environ=KEY, audit=settings) as vault:
        trail = vault.trail
        assert trail is not None
        for time in range(int(times)):
            vault.unmask(["nothing"])
            if cut == "cut" and time % 10 == 9:
                trail.cut(vault.store.audit.rows(vault.keyring.namespace)[-3].moment)


def full(path: str) -> None:
    """Unmask while no file may grow beyond a size, then when it may again; what happened."""
    answered, refused = 0, 0
    message = ""
    with LocalVault(path, environ=KEY) as vault:
        token = vault.mask(["Sarah Johnson"])[0].token_value
        no_limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, no_limit[1]))
        while refused < 20:
            try:
                [one] = vault.unmask([token])
            except VaultUnavailable as error:
                refused, message = refused + 1, str(error)
            else:
                assert one.value == "Sarah Johnson"
                answered += 1
        masks = True
        try:
            vault.mask(["Sarah Johnson"])
        except VaultUnavailable:
            masks = False
        recorded = vault.store.audit.count(vault.keyring.namespace)
        resource.setrlimit(resource.RLIMIT_FSIZE, no_limit)
        again = vault.unmask([token])[0].value == "Sarah Johnson"
        assert vault.trail is not None
        problems = vault.trail.verify().problems
    said = {"answered": answered, "recorded": recorded, "message": message, "masks": masks}
    sys.stdout.write(json.dumps(said | {"again": again, "problems": problems}))


def promise(path: str, who: str) -> None:
    """Unmask in four threads for ever, and tell of each answer when it is there."""
    with LocalVault(path, environ=KEY) as vault:
        token = vault.mask(["Sarah Johnson"])[0].token_value

        def work() -> None:
            while True:
                with acting(who):
                    vault.unmask([token])
                os.write(1, b"answered\n")

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


PROGRAMS: dict[str, Callable[..., None]] = {"write": write, "full": full, "promise": promise}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]](*sys.argv[2:])
