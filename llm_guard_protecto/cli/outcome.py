"""How a command ends: one clear line on stderr, and an exit code that tells the story.

0 done; 2 wrong usage; 3 the vault or its key said no; 130 interrupted; 1 anything else. With
`--json` a failure also prints Protecto's frame with `success` false on stdout, so that a program
reading stdout always finds JSON. No message shows a text that was to be masked.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from traceback import extract_tb
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from llm_guard_protecto.cli.answers import refused
from llm_guard_protecto.cli.streams import write_json
from llm_guard_protecto.errors import GuardError, VaultRefused

__all__ = ["CommandLine"]

FAILED, USAGE, REFUSED = 1, 2, 3

# Click's UsageError, wherever the installed typer keeps it (its own copy, or the click package).
_UsageError: type[Exception] = typer.BadParameter.mro()[1]


class CommandLine(TyperGroup):
    """The top command: runs a command line and turns every error into a line and an exit code."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> NoReturn:
        """Run `args` (default: those of the process) and exit. Errors are ours in every mode."""
        del standalone_mode
        words = list(sys.argv[1:] if args is None else args)
        try:
            code = super().main(
                args if args is None else words,
                prog_name,
                complete_var,
                standalone_mode=False,
                windows_expand_args=windows_expand_args,
                **extra,
            )
            sys.stdout.flush()
        except BrokenPipeError:
            _hang_up()
        except typer.Abort:
            _fail(words, 130, "interrupted")
        except VaultRefused as error:
            _fail(words, REFUSED, str(error))
        except GuardError as error:
            _fail(words, FAILED, str(error))
        except _UsageError as error:
            _fail(words, USAGE, f"{_message(error)} (see --help)")
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            _fail(words, FAILED, f"{where}{error.strerror or type(error).__name__}")
        except Exception as error:  # noqa: BLE001 (a traceback may quote the text to be masked)
            _fail(words, FAILED, f"unexpected {type(error).__name__} at {_place(error)}")
        if code == 130:
            _fail(words, 130, "interrupted")
        sys.exit(code if isinstance(code, int) else 0)


def _fail(words: Sequence[str], code: int, message: str) -> NoReturn:
    line = " ".join(message.split())
    try:
        if "--json" in words[: words.index("--") if "--" in words else None]:
            write_json(refused(line))
        sys.stdout.flush()
        sys.stderr.write(f"llm-guard-protecto: {line}\n")
    except BrokenPipeError:
        _hang_up()
    sys.exit(code)


def _hang_up() -> NoReturn:
    """Whoever read our output has gone: stop, and leave Python nothing to complain about."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(FAILED)


def _message(error: Exception) -> str:
    say = getattr(error, "format_message", error.__str__)
    return str(say()).rstrip(".")


def _place(error: Exception) -> str:
    frame = extract_tb(error.__traceback__)[-1]
    return f"{os.path.basename(frame.filename)}:{frame.lineno}"
