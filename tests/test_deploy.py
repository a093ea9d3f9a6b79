"""What `deploy/` ships: files that can be read, command lines that our own program understands."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from llm_guard_protecto.cli import app
from tests.conftest import ROOT

DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
PROGRAM = "/opt/llm-guard-protecto/bin/llm-guard-protecto"


def understood(words: list[str]) -> dict[str, Any]:
    """What our program makes of a command line, without doing it. Raises for one that is wrong."""
    commands: Any = typer.main.get_command(app)
    name, *rest = words
    context = commands.commands[name].make_context(name, rest)
    assert not context.args
    return dict(context.params)


class Unit(ConfigParser):
    """A unit file: a key may stand there more than once, so the values are lists."""

    def __init__(self, path: Path) -> None:
        super().__init__(strict=False, interpolation=None, delimiters="=", comment_prefixes="#")
        self.optionxform = str  # type: ignore[assignment]
        self.read_string(path.read_text())


def compose() -> Any:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def instructions() -> list[tuple[str, str]]:
    """The lines of the container file: what is to be done, and with what."""
    text = re.sub(r"\\\n", "", (DEPLOY / "Containerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def test_there_is_a_unit_for_each_kind_of_process() -> None:
    assert {path.stem for path in UNITS} == {"llm-guard-protecto", "llm-guard-protecto-worker"}


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_starts_what_there_is_and_lets_it_do_little(path: Path) -> None:
    service = Unit(path)["Service"]
    program, *words = shlex.split(service["ExecStart"])
    assert program == PROGRAM
    assert understood(words)["log_format"] == "json"
    for name, value in {
        "CapabilityBoundingSet": "",
        "DynamicUser": "yes",
        "LimitCORE": "0",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "RestartPreventExitStatus": "3",
        "UMask": "0077",
    }.items():
        assert service[name] == value, name


def test_a_server_has_the_time_to_stop() -> None:
    service = Unit(DEPLOY / "llm-guard-protecto.service")["Service"]
    asked = understood(shlex.split(service["ExecStart"])[1:])
    assert float(service["TimeoutStopSec"]) >= asked["grace"] + asked["drain"] + 5
    assert asked["host"] == "127.0.0.1"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_systemd_finds_nothing_wrong(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / path.name
    copy.write_text(path.read_text().replace(PROGRAM, "/bin/true"))  # it must be installed
    ran = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", str(copy)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ran.returncode, ran.stderr) == (0, "")


def test_the_container_runs_a_server_that_is_not_root() -> None:
    said = instructions()
    [command] = [json.loads(rest) for word, rest in said if word == "CMD"]
    [entry] = [json.loads(rest) for word, rest in said if word == "ENTRYPOINT"]
    [user] = [rest for word, rest in said if word == "USER"]
    assert entry == ["llm-guard-protecto"]
    assert int(user) > 0
    asked = understood(command)
    assert (asked["host"], asked["plain"]) == ("0.0.0.0", True)
    [port] = [rest for word, rest in said if word == "EXPOSE"]
    assert asked["port"] == int(port)
    assert {word for word, _ in said} <= {
        *("FROM", "COPY", "RUN", "USER", "ENV", "VOLUME", "EXPOSE"),
        *("STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"),
    }


def test_what_the_container_installs_is_what_we_offer() -> None:
    import tomllib

    offered = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    [extras] = re.findall(r"/source\[([\w,]+)\]", (DEPLOY / "Containerfile").read_text())
    assert set(extras.split(",")) <= set(offered["optional-dependencies"])


def test_the_composition_is_a_database_a_server_and_two_workers() -> None:
    services = compose()["services"]
    assert set(services) == {"database", "server", "worker"}
    assert services["worker"]["deploy"]["replicas"] == 2
    server, worker = (understood(services[name]["command"]) for name in ("server", "worker"))
    assert (server["host"], server["workers"]) == ("0.0.0.0", 0)
    assert worker["concurrency"] == 4
    for name in ("server", "worker"):
        one = services[name]
        assert one["environment"]["LLM_GUARD_VAULT"].startswith("postgresql://")
        assert one["depends_on"] == {"database": {"condition": "service_healthy"}}
        assert (one["read_only"], one["cap_drop"], one["ulimits"]) == (True, ["ALL"], {"core": 0})
    [published] = services["server"]["ports"]
    assert published.startswith("127.0.0.1:")
    assert "ports" not in services["database"]


def test_no_secret_is_written_down() -> None:
    services = compose()["services"]
    for one in services.values():
        for name, value in one["environment"].items():
            if "KEY" in name or "PASSWORD" in name:
                assert re.fullmatch(r"\$\{\w+:\?[\w ]+\}", value), name
    assert "KEY" not in json.dumps(services["database"]["environment"])
    for path in DEPLOY.iterdir():
        assert not re.search(r"lgp_(user|root)_", path.read_text())


@pytest.mark.parametrize("words", [["serve", "--prot", "1"], ["serve", "extra"], ["worker", "-x"]])
def test_a_command_line_that_is_wrong_is_noticed(words: list[str]) -> None:
    """The check above can fail."""
    with pytest.raises(Exception, match=r"No such option|unexpected extra"):
        understood(words)
