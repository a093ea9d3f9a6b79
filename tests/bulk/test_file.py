"""Whole files: there and back, whatever the kind, however often it was stopped."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from llm_guard_protecto import LocalVault
from llm_guard_protecto.bulk import FileOptions, FileReport, Step, mask_file, unmask_file
from llm_guard_protecto.errors import ConfigurationError, UnknownFormat
from tests.bulk.people import CLEAR, FORMS, rows, write

ROWS = 1_100


@pytest.fixture
def vault(tmp_path: Path) -> Any:
    with LocalVault(tmp_path / "vault.db", environ={"HOME": str(tmp_path)}) as opened:
        yield opened


def content(path: Path) -> bytes:
    if path.suffix != ".parquet":
        return path.read_bytes()
    from pyarrow import parquet

    return "\n".join(map(str, parquet.read_table(path).to_pylist())).encode()


@pytest.mark.parametrize("form", FORMS)
def test_every_value_is_masked_and_the_file_comes_back(
    tmp_path: Path, vault: LocalVault, form: str
) -> None:
    source = write(tmp_path / f"people.{form}", rows(ROWS))
    masked, back = tmp_path / f"masked.{form}", tmp_path / f"back.{form}"
    steps: list[Step] = []
    report = mask_file(source, masked, vault=vault, each=steps.append)
    assert report.resumed == 0
    assert report.rows == {"txt": 2 * ROWS, "jsonl": 2 * ROWS - 1}.get(form, ROWS)
    assert report.cells >= report.changed >= ROWS
    assert report.entities["PHONE_NUMBER"] == ROWS
    assert [step.rows for step in steps] == sorted(step.rows for step in steps)
    assert steps[-1].done == steps[-1].total
    for clear in CLEAR:
        assert clear.encode() not in content(masked)
    unmask_file(masked, back, vault=vault)
    assert content(back) == content(source)
    assert (back.stat().st_mode & 0o777, sorted(tmp_path.glob("*.part"))) == (0o600, [])


def test_only_the_columns_that_were_named(tmp_path: Path, vault: LocalVault) -> None:
    for form in ("csv", "jsonl", "parquet"):
        source = write(tmp_path / f"people.{form}", rows(20))
        target = tmp_path / f"masked.{form}"
        report = mask_file(source, target, vault=vault, columns=["mail", "note"])
        text = content(target)
        assert b"Imogen Hartley" in text
        assert b"example.com" not in text
        assert report.cells == {"csv": 40, "jsonl": 40, "parquet": 36}[form]


def test_columns_of_a_token_type_are_not_searched(tmp_path: Path, vault: LocalVault) -> None:
    tokens = {"name": "Person Token:Person Name", "id": "Numeric Token"}
    source, masked, back = (tmp_path / name for name in ("people.csv", "masked.csv", "back.csv"))
    write(source, rows(20))
    report = mask_file(source, masked, vault=vault, columns=[], tokens=tokens)
    assert report.entities == {"Person Token": 20, "Numeric Token": 20}
    assert b"(555) 987-1003" in masked.read_bytes()
    unmask_file(masked, back, vault=vault, columns=[], tokens=tokens)
    assert back.read_bytes() == source.read_bytes()


def test_several_processes_write_what_one_writes(tmp_path: Path) -> None:
    key = tmp_path / "vault.db"
    source = write(tmp_path / "people.csv", rows(ROWS))
    report = mask_file(source, tmp_path / "two.csv", vault=key, processes=2)
    assert (report.rows, report.processes) == (ROWS, 2)
    mask_file(source, tmp_path / "one.csv", vault=key)
    assert (tmp_path / "two.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()


class Stopped(Exception):
    pass


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet", "txt"])
def test_what_was_stopped_goes_on_where_it_was(
    tmp_path: Path, vault: LocalVault, form: str
) -> None:
    source = write(tmp_path / f"people.{form}", rows(ROWS))
    target, whole = tmp_path / f"stopped.{form}", tmp_path / f"whole.{form}"

    def stop(step: Step) -> None:
        if step.rows >= 1_000:
            raise Stopped

    with pytest.raises(Stopped):
        mask_file(source, target, vault=vault, keep_every=0, each=stop)
    assert not target.exists()
    with (tmp_path / f"stopped.{form}.part/data").open("ab") as file:
        file.write(b"half a row that was not noted")
    report = mask_file(source, target, vault=vault)
    assert 1_000 <= report.resumed < report.rows
    again = mask_file(source, whole, vault=vault)
    assert target.read_bytes() == whole.read_bytes()
    assert (report.rows, report.cells, report.changed, report.entities) == (
        again.rows, again.cells, again.changed, again.entities,
    )  # fmt: skip


KILLED = """
import os, signal, sys
from llm_guard_protecto.bulk import mask_file

def each(step):
    if step.rows >= 2000:
        os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    mask_file(sys.argv[1], sys.argv[2], vault="vault.db", keep_every=0, each=each,
              processes=int(sys.argv[3]))
"""


@pytest.mark.parametrize("processes", [1, 2])
def test_a_kill_loses_and_repeats_nothing(outside: Any, processes: int) -> None:
    home = outside.home
    source = write(home / "people.csv", rows(2_500))
    (home / "killed.py").write_text(KILLED)
    killed = outside.run(sys.executable, "killed.py", source, "a.csv", str(processes))
    assert killed.returncode == -signal.SIGKILL
    assert not (home / "a.csv").exists()
    told = json.loads(
        outside.cli("mask-file", "people.csv", "a.csv", "--vault", "vault.db", "--json").stdout
    )
    assert (told["rows"], told["resumed"] == 2_000) == (2_500, True)
    whole = outside.cli("mask-file", "people.csv", "b.csv", "--vault", "vault.db")
    assert (whole.returncode, whole.stderr) == (0, b"")
    assert (home / "a.csv").read_bytes() == (home / "b.csv").read_bytes()
    assert sorted(path.name for path in home.glob("*.part")) == []


def test_what_was_begun_otherwise_is_not_continued(tmp_path: Path, vault: LocalVault) -> None:
    source = write(tmp_path / "people.csv", rows(1_050))
    target = tmp_path / "masked.csv"

    def stop(_: Step) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        mask_file(source, target, vault=vault, keep_every=0, each=stop)
    with pytest.raises(ConfigurationError, match="begun with another input"):
        mask_file(source, target, vault=vault, columns=["name"])
    with pytest.raises(ConfigurationError, match="begun with another input"):
        mask_file(source, target, vault=vault, policy="strict")
    write(source, rows(1_051))
    with pytest.raises(ConfigurationError, match="restart"):
        mask_file(source, target, vault=vault)
    report = mask_file(source, target, vault=vault, restart=True)
    assert (report.rows, report.resumed) == (1_051, 0)


def test_two_processes_do_not_write_one_file(tmp_path: Path, vault: LocalVault) -> None:
    source = write(tmp_path / "people.csv", rows(10))
    target = tmp_path / "masked.csv"
    met: list[str] = []

    def meanwhile(_: Step) -> None:
        with pytest.raises(ConfigurationError, match="another process is writing") as told:
            mask_file(source, target, vault=vault)
        met.append(str(told.value))

    mask_file(source, target, vault=vault, each=meanwhile)
    assert len(met) == 1


def bad(tmp_path: Path, name: str, text: bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(text)
    return path


HEAD = b"id,name\n1,Ada Moss\n"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", HEAD + b"2,Hartley,3\n", "a.csv, line 3: has 3 fields, and line 1 has 2"),
        ("a.csv", HEAD + b'2,"Hartley\n', "a.csv, line 3: the quotes of a field do not match"),
        ("a.csv", HEAD + b"2,Hart\xe9ley\n", "a.csv, line 3: not utf-8; name the encoding"),
        ("a.csv", HEAD.decode().encode("utf-16-le"), "a.csv, line 1: has zero bytes"),
        ("a.jsonl", b'{"name": "Ada"}\n{"name": "Hartley"\n', r"a.jsonl, line 2: not valid JSON"),
        ("a.jsonl", b'["Hartley"]\n', "a.jsonl, line 1: not an object"),
        ("a.txt", b"fine\nHart\0ley\n", "a.txt, line 2: has zero bytes"),
        ("a.parquet", b"Hartley", "a.parquet is no Parquet file"),
        ("a.txt", b"Hartley" * 3_000_000, "a.txt, line 1: longer than 16 MiB"),
    ],
)
def test_a_bad_row_is_told_by_its_line_and_without_its_content(
    tmp_path: Path, vault: LocalVault, name: str, text: bytes, message: str
) -> None:
    source = bad(tmp_path, name, text)
    with pytest.raises(UnknownFormat, match=message) as told:
        mask_file(source, tmp_path / "out", vault=vault)
    assert "Hart" not in str(told.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": ["nmae"]}, "has no column 'nmae'; did you mean 'name'"),
        ({"columns": ["Hartley"]}, r"has no column 'Hartley'$"),
        ({"tokens": {"town": "City Token"}}, "has no column 'town'"),
        ({"form": "xlsx"}, "unknown kind of file 'xlsx'; known: csv, tsv, jsonl, parquet, text"),
        ({"encoding": "klingon"}, "unknown encoding 'klingon'"),
        ({"encoding": "utf-16"}, "files in utf-16 are not read"),
        ({"separator": ", "}, "a separator is one character"),
        ({"form": "tsv", "separator": ";"}, "only a CSV file has a separator"),
        ({"form": "text", "columns": ["name"]}, "is plain text, which has no columns"),
        ({"processes": 0}, "at least 1 process"),
        ({"processes": 2}, "need the address of a vault"),
    ],
)
def test_a_wrong_setting_is_told_before_anything_is_done(
    tmp_path: Path, vault: LocalVault, options: FileOptions, message: str
) -> None:
    source = bad(tmp_path, "a.csv", HEAD)
    given: FileOptions = {"vault": vault}
    given.update(options)
    with pytest.raises(ConfigurationError, match=message):
        mask_file(source, tmp_path / "out.csv", **given)
    assert sorted(path.name for path in tmp_path.iterdir() if "out" in path.name) == []


def test_an_output_is_never_overwritten(tmp_path: Path, vault: LocalVault) -> None:
    source = bad(tmp_path, "a.csv", HEAD)
    with pytest.raises(ConfigurationError, match="is there already"):
        mask_file(source, source, vault=vault)
    with pytest.raises(ConfigurationError, match="there is no folder"):
        mask_file(source, tmp_path / "none/out.csv", vault=vault)
    with pytest.raises(ConfigurationError, match="not shared by processes"):
        mask_file(source, tmp_path / "out.csv", vault="memory:", processes=2)
    assert source.read_bytes() == HEAD


def test_a_column_with_numbers_is_not_left_alone(tmp_path: Path, vault: LocalVault) -> None:
    source = bad(tmp_path, "a.jsonl", b'{"phone": "(555) 987-6543"}\n{"phone": 5559876543}\n')
    with pytest.raises(UnknownFormat, match="line 2: column 'phone' has a number"):
        mask_file(source, tmp_path / "out.jsonl", vault=vault, columns=["phone"])
    people = write(tmp_path / "people.parquet", rows(3))
    with pytest.raises(ConfigurationError, match="column 'id' is int64, and only text"):
        mask_file(people, tmp_path / "out.parquet", vault=vault, columns=["id"])


def test_text_that_lies_deeper_in_parquet_is_not_overlooked(
    tmp_path: Path, vault: LocalVault
) -> None:
    import pyarrow
    from pyarrow import parquet

    source = tmp_path / "deep.parquet"
    parquet.write_table(pyarrow.table({"name": ["Ada"], "names": [["Ada Moss"]]}), source)
    with pytest.raises(ConfigurationError, match="column 'names' is list<"):
        mask_file(source, tmp_path / "out.parquet", vault=vault)
    assert mask_file(source, tmp_path / "out.parquet", vault=vault, columns=["name"]).cells == 1


def test_an_old_encoding_and_other_separators(tmp_path: Path, vault: LocalVault) -> None:
    text = "id;name\n1;Zoë Müller\n\n2;Ada Moss\n"
    source = bad(tmp_path, "a.csv", text.encode("cp1252"))
    masked, back = tmp_path / "b.csv", tmp_path / "c.csv"
    options: FileOptions = {"vault": vault, "encoding": "cp1252", "separator": ";"}
    report: FileReport = mask_file(source, masked, **options)
    assert (report.rows, report.cells) == (3, 4)
    assert "Müller".encode("cp1252") not in masked.read_bytes()
    unmask_file(masked, back, **options)
    assert back.read_bytes() == source.read_bytes()


def test_the_memory_does_not_grow_with_the_file(outside: Any) -> None:
    """The same peak for ten times the rows, give or take what caches take."""
    peak = (
        "import sys; from llm_guard_protecto.bulk import mask_file\n"
        "from tests.bench.peak import peak_mb\n"
        "mask_file(sys.argv[1], sys.argv[2], vault='vault.db', columns=['name'])\n"
        "print(peak_mb())"
    )
    peaks = []
    for count in (3_000, 40_000):
        source = write(outside.home / f"{count}.csv", rows(count))
        ran = outside.run(sys.executable, "-c", peak, source, f"out{count}.csv")
        assert ran.returncode == 0, ran.stderr.decode()
        peaks.append(float(ran.stdout))
    assert source.stat().st_size > 2_500_000
    assert peaks[1] < peaks[0] + 12
