"""The audit trail of a vault: what is written down, when nothing is, and what is refused then."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date
from pathlib import Path

import apsw
import pytest
from openai import OpenAI

from llm_guard_protecto import LocalVault, protect, rehydrate
from llm_guard_protecto.engine.acting import LOCAL, acting
from llm_guard_protecto.engine.audit import AuditSettings
from llm_guard_protecto.engine.audit_read import UNREADABLE, AuditEntry, entries
from llm_guard_protecto.engine.bearers import Bearers
from llm_guard_protecto.engine.checkpoints import read_checkpoints
from llm_guard_protecto.engine.namespaces import Namespaces
from llm_guard_protecto.engine.root_rotation import rotate_root
from llm_guard_protecto.engine.store.audit import AuditRow
from llm_guard_protecto.errors import ConfigurationError, VaultUnavailable
from llm_guard_protecto.models import Item
from llm_guard_protecto.testing import FakeProvider
from tests.clients.leaks import leaked
from tests.sweep import CANARIES

KEY = {"LGP_VAULT_KEY": "q0J8mX2rTzV5nKc7YbLw1PdHs9GfRa4UeB6iOxEtNvM="}
LETTER = "Write to Sarah Johnson at sarah.johnson@example.com"


class Clock:
    now = 1_772_600_767.0

    def __call__(self) -> float:
        return self.now


def opened(audit: bool | AuditSettings = True) -> LocalVault:
    return LocalVault("memory:", environ={}, audit=audit, clock=Clock())


@pytest.fixture
def vault() -> Iterator[LocalVault]:
    with opened() as made:
        yield made


def told(vault: LocalVault) -> list[AuditEntry]:
    return list(entries(vault.store.audit, vault.keyring.namespace))


def whole(vault: LocalVault) -> bool:
    assert vault.trail is not None
    found = vault.trail.verify()
    assert found.problems == ()
    return found.good


def masked(vault: LocalVault, text: str = LETTER) -> str:
    return vault.mask([text])[0].token_value


# What is written down


def test_every_unmask_is_written_down_without_a_value(vault: LocalVault) -> None:
    token = masked(vault)
    assert vault.unmask([token, "nothing here"])[0].value == LETTER
    [one] = told(vault)
    assert (one.what, one.who, one.policy, one.outcome) == ("unmask", LOCAL, "default", "success")
    assert one.moment == 1_772_600_767_000
    assert one.facts == {
        "items": 2,
        "restored": 2,
        "unknown": 0,
        "entities": {"EMAIL_ADDRESS": 1, "PERSON": 1},
    }
    [row] = vault.store.audit.rows(vault.keyring.namespace)
    assert leaked(row.entry + row.tokens, CANARIES) == []
    assert whole(vault)


def test_masking_looking_and_keeping_are_not_reveals(vault: LocalVault) -> None:
    texts = vault.mask([LETTER])
    vault.find([LETTER])
    vault.explain([LETTER])
    vault.keep(["id"], texts)
    vault.recall(["id"])
    assert told(vault) == []


def test_a_reply_restored_by_protect_needs_no_entry(vault: LocalVault) -> None:
    """It is restored from what the call itself masked, not from the vault."""
    provider = FakeProvider()
    client = protect(OpenAI(api_key="none", http_client=provider.client()), vault=vault)
    reply = client.chat.completions.create(
        model="any", messages=[{"role": "user", "content": LETTER}]
    )
    assert "Sarah Johnson" in str(reply.choices[0].message.content)
    assert b"Sarah" not in provider.last_body
    assert told(vault) == []


def test_a_stored_answer_that_is_turned_back_later_needs_one(vault: LocalVault) -> None:
    assert rehydrate({"said": masked(vault)}, vault) == {"said": LETTER}
    [one] = told(vault)
    assert (one.what, one.facts["restored"]) == ("unmask", 2)


def test_who_can_be_told_which_tokens_were_turned_back(vault: LocalVault) -> None:
    one, other = masked(vault, "Ask Sarah Johnson"), masked(vault, "Ask Øystein Brandvold")
    vault.unmask([one])
    vault.unmask([other])
    [first, second] = told(vault)
    assert len(first.hashes) == len(second.hashes) == 2
    assert not set(first.hashes) & set(second.hashes)
    vault.unmask([f"{one} and {other}"])
    assert set(told(vault)[-1].hashes) == {*first.hashes, *second.hashes}


def test_tokens_without_a_wrapper_and_unknown_ones_are_counted(vault: LocalVault) -> None:
    [text] = vault.mask(["Ask Sarah Johnson"])
    bare = text.individual_tokens[0].token
    assert vault.unmask([bare, "<PER>aB3dEfG</PER>", "zz3kk zz4kk", "what is 12345?"])[0].value
    assert told(vault)[-1].facts == {
        "items": 4,
        "restored": 1,
        "unknown": 3,
        "entities": {"UNWRAPPED": 1},
    }


def test_an_anonymised_token_is_not_turned_back_and_not_counted(vault: LocalVault) -> None:
    [text] = vault.mask(["Ask Sarah Johnson"], "anonymize")
    vault.unmask([text.token_value])
    assert (told(vault)[-1].facts["restored"], told(vault)[-1].hashes) == (0, ())


def test_resolving_a_token_is_a_reveal_too(vault: LocalVault) -> None:
    [text] = vault.mask(["Ask Sarah Johnson"])
    bare = text.individual_tokens[0].token
    assert vault.resolve(bare) == "Sarah Johnson"
    assert vault.resolve("zz3kk") is None
    [found, missed] = told(vault)
    assert (found.facts["restored"], missed.facts["restored"]) == (1, 0)
    assert found.facts["unknown"] == 0


def test_changes_are_written_down_before_and_after(vault: LocalVault) -> None:
    vault.put_policy(vault.policy("strict").model_copy(update={"name": "mine"}))
    vault.delete_policy("mine")
    with pytest.raises(ConfigurationError):
        vault.delete_policy("mine")
    said = [(one.what, one.policy, one.outcome) for one in told(vault)]
    assert said == [
        ("policy set", "mine", "begun"),
        ("policy set", "mine", "success"),
        ("policy deleted", "mine", "begun"),
        ("policy deleted", "mine", "success"),
        ("policy deleted", "", "begun"),  # any text may be asked for, so it is not written down
        ("policy deleted", "", "failure"),
    ]
    assert told(vault)[-1].error == "configuration_error"
    assert whole(vault)


def test_erasing_is_written_down_without_what_was_erased(vault: LocalVault) -> None:
    masked(vault)
    vault.erase(value="Sarah Johnson")
    vault.erase(before=date(2100, 1, 1))
    said = [one for one in told(vault) if one.outcome == "success"]
    assert len(said) == 2
    assert all("eras" in one.what for one in said)
    assert said[0].facts["by"] == "value"
    assert vault.trail is not None
    assert said[0].facts["hash"] == vault.trail.key.erased("value", "Sarah Johnson")
    assert said[0].facts["hash"] != vault.trail.key.erased("subject", "Sarah Johnson")
    assert said[1].facts == {"by": "before", "before": "2100-01-01"}
    for row in vault.store.audit.rows(vault.keyring.namespace):
        assert b"Sarah" not in row.entry


def test_tokens_and_namespaces_made_and_taken_away_are_written_down(vault: LocalVault) -> None:
    namespaces = Namespaces(vault)
    bearers = Bearers(namespaces)
    with acting("root@moss", "aaaabbbbcccc", "/generate"):
        token = bearers.create("tenant", "ada", ["mask"])
        bearers.create(None, "chief")
        held = bearers.held(token)
        assert held is not None
        assert bearers.revoke(held.digest)
        assert not bearers.revoke(held.digest)
        tenant = namespaces.get("tenant")
        assert tenant is not None
        assert whole(tenant)
        of_tenant = [one for one in told(tenant) if one.outcome == "success"]
        head = tenant.store.audit.head(tenant.keyring.namespace)
        assert namespaces.delete("tenant")
        assert not namespaces.delete("tenant")
    assert [one.what for one in of_tenant] == ["token made", "token revoked"]
    assert of_tenant[0].facts == {
        "bearer": held.digest.hex()[:12],
        "owner": "ada",
        "permissions": ["mask"],
    }
    assert (of_tenant[0].who, of_tenant[0].token) == ("root@moss", "aaaabbbbcccc")
    ours = [one for one in told(vault) if one.outcome == "success"]
    assert [one.what for one in ours] == ["namespace made", "token made", "namespace deleted"]
    assert ours[-1].facts == {
        "namespace": "tenant",
        "entries": head.number,
        "code": head.code.hex(),
    }
    for row in vault.store.audit.rows(vault.keyring.namespace):
        assert token.encode() not in row.entry
    assert whole(vault)


# Who acts


def test_what_a_call_reveals_is_one_entry_written_when_it_ends(vault: LocalVault) -> None:
    [text] = vault.mask(["Ask Sarah Johnson"])
    with acting("ada", "0123456789ab", "/unmask") as act:
        vault.unmask([text.token_value])
        vault.unmask([text.token_value, text.token_value])
        assert told(vault) == []
    assert (act.total.items, act.total.restored) == (3, 3)
    [one] = told(vault)
    assert (one.who, one.token, one.via) == ("ada", "0123456789ab", "/unmask")
    assert one.facts["entities"] == {"PERSON": 3}
    assert len(one.hashes) == 2


def test_a_token_found_after_all_is_not_unknown(vault: LocalVault) -> None:
    [text] = vault.mask(["Ask Sarah Johnson"])
    run = text.individual_tokens[0].token.split()[0]
    with acting() as act:
        vault.unmask([run])
        assert (act.total.restored, act.total.unknown) in {(0, 1), (1, 0)}
        if not act.total.restored:
            assert vault.resolve(run)
    assert (act.total.restored, act.total.unknown) == (1, 0)


def test_a_call_that_fails_is_written_down_as_failed(vault: LocalVault) -> None:
    token = masked(vault)

    def failing() -> None:
        with acting("ada"):
            vault.unmask([token])
            raise ZeroDivisionError(LETTER)

    with pytest.raises(ZeroDivisionError):
        failing()
    [one] = told(vault)
    assert (one.outcome, one.error, one.facts["restored"]) == ("failure", "ZeroDivisionError", 2)


def test_two_calls_at_once_do_not_mix(vault: LocalVault) -> None:
    token = masked(vault)
    inside = threading.Barrier(2)

    def call(who: str, times: int) -> None:
        with acting(who):
            inside.wait()
            for _ in range(times):
                vault.unmask([token])
            inside.wait()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(call, ("ada", "bo"), (1, 3)))
    assert {one.who: one.facts["items"] for one in told(vault)} == {"ada": 1, "bo": 3}


# When an audit is kept


def test_a_vault_that_lasts_keeps_one_and_another_only_if_told(tmp_path: Path) -> None:
    with LocalVault(tmp_path / "v.db", environ=KEY) as vault:
        assert vault.trail is not None
    with LocalVault(tmp_path / "v.db", environ=KEY, audit=False) as vault:
        assert vault.trail is None
        vault.unmask([masked(vault)])
        vault.put_policy(vault.policy("strict"))
        assert told(vault) == []
    with LocalVault("memory:", environ={}) as vault:
        assert vault.trail is None


def test_an_audit_goes_on_after_a_restart_and_for_each_namespace(tmp_path: Path) -> None:
    for number in range(1, 4):
        with LocalVault(tmp_path / "v.db", environ=KEY) as vault:
            vault.unmask([masked(vault)])
            other = vault.in_namespace("other")
            other.unmask(["nothing"])
            assert len(told(vault)) == len(told(other)) == number
            assert whole(vault)
            assert whole(other)
    rows = [vault.keyring.namespace for vault in (vault, other)]
    assert len(set(rows)) == 2


def test_an_entry_that_nobody_can_read_is_shown_as_such() -> None:
    one = AuditEntry.of(AuditRow(3, 0, b"\xff{", b"\0" * 12, b""))
    assert (one.what, len(one.hashes)) == (UNREADABLE, 2)
    assert AuditEntry.of(AuditRow(3, 0, b"[1]", b"", b"")).what == UNREADABLE


@pytest.mark.parametrize("every", [0, -1])
def test_settings_that_cannot_work_are_refused(every: int) -> None:
    with pytest.raises(ValueError, match="checkpoint"):
        AuditSettings(every=every)


# Nothing is turned back unrecorded


class Full:
    """A place for checkpoints that is full for a while."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.full = True

    def __call__(self, line: str) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        self.lines.append(line)


def test_nothing_is_turned_back_while_no_checkpoint_can_be_kept() -> None:
    sink = Full()
    with opened(audit=AuditSettings(sink, every=2)) as vault:
        token = masked(vault)
        vault.unmask([token])
        for _ in range(3):
            with pytest.raises(VaultUnavailable, match="the audit cannot record") as caught:
                vault.unmask([token])
            assert leaked(str(caught.value).encode(), CANARIES) == []
        assert len(told(vault)) == 2  # trying again writes nothing more
        with pytest.raises(VaultUnavailable):
            vault.mask([LETTER])
        with pytest.raises(VaultUnavailable):
            vault.put_policy(vault.policy("strict"))
        assert vault.store.policies(vault.keyring.namespace) == []
        sink.full = False
        assert vault.mask([LETTER])
        assert vault.unmask([token])[0].value == LETTER
    assert [json.loads(line)["number"] for line in sink.lines] == [2, 3]


def test_masking_goes_on_unrecorded_if_that_is_wanted() -> None:
    with opened(audit=AuditSettings(Full(), every=1, mask_unrecorded=True)) as vault:
        token = masked(vault)
        with pytest.raises(VaultUnavailable):
            vault.unmask([token])
        assert masked(vault) == token
        with pytest.raises(VaultUnavailable):
            vault.unmask([token])


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no full device")
def test_a_full_device_refuses(tmp_path: Path) -> None:
    settings = AuditSettings("/dev/full", every=1)
    with LocalVault(tmp_path / "v.db", environ=KEY, audit=settings) as vault:
        token = masked(vault)
        with pytest.raises(VaultUnavailable, match="No space left"):
            vault.unmask([token])


def test_a_full_disk_refuses_and_passes(tmp_path: Path) -> None:
    child = Path(__file__).with_name("audit_child.py")
    ran = subprocess.run(
        [sys.executable, str(child), "full", str(tmp_path / "v.db")],
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr.decode()
    said = json.loads(ran.stdout)
    assert said["answered"] > 10
    assert said["recorded"] == said["answered"]
    assert "the audit cannot record now, so nothing is turned back" in said["message"]
    assert leaked(ran.stdout + ran.stderr, CANARIES) == []
    assert (said["masks"], said["again"], said["problems"]) == (False, True, [])


def test_whoever_had_an_answer_is_on_record_when_the_process_is_killed(tmp_path: Path) -> None:
    child = Path(__file__).with_name("audit_child.py")
    answers: Counter[str] = Counter()
    for who in ("first", "second", "third"):
        process = subprocess.Popen(
            [sys.executable, str(child), "promise", str(tmp_path / "v.db"), who],
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        for _ in range(50):
            assert process.stdout.readline() == b"answered\n"
        process.kill()
        answers[who] = 50 + process.stdout.read().count(b"answered\n")
        process.stdout.close()
        process.wait()
    with LocalVault(tmp_path / "v.db", environ=KEY) as vault:
        recorded = Counter(one.who for one in told(vault))
        assert whole(vault)
    assert set(recorded) == set(answers)
    for who, count in answers.items():
        assert count <= recorded[who] <= count + 4  # four threads may have been at it


def test_the_last_checkpoint_comes_with_the_end(tmp_path: Path) -> None:
    sink = tmp_path / "elsewhere" / "checkpoints"
    for _ in range(2):
        with LocalVault(tmp_path / "v.db", environ=KEY, audit=AuditSettings(sink)) as vault:
            vault.unmask(["nothing"])
            vault.in_namespace("other").unmask(["nothing"])
    found = read_checkpoints(sink)
    assert [(one.namespace, one.number) for one in found] == [
        ("default", 1),
        ("other", 1),
        ("default", 2),
        ("other", 2),
    ]
    assert sink.stat().st_mode & 0o777 == 0o600


def test_the_environment_names_the_file_of_checkpoints(tmp_path: Path) -> None:
    named = {"LLM_GUARD_AUDIT_CHECKPOINTS": str(tmp_path / "checkpoints")}
    with LocalVault(tmp_path / "v.db", environ=KEY | named) as vault:
        vault.unmask(["nothing"])
    assert len(read_checkpoints(tmp_path / "checkpoints")) == 1


def test_a_line_that_was_cut_off_does_not_spoil_the_next(tmp_path: Path) -> None:
    sink = tmp_path / "checkpoints"
    sink.write_text('{"namespace":"def')
    with LocalVault(tmp_path / "v.db", environ=KEY, audit=AuditSettings(sink, every=1)) as vault:
        vault.unmask(["nothing"])
        assert len(read_checkpoints(sink)) == 1
        vault.unmask(["nothing"])
    assert [one.number for one in read_checkpoints(sink)] == [1, 2]
    with pytest.raises(ConfigurationError, match="no file"):
        read_checkpoints(tmp_path / "nowhere")
    with pytest.raises(VaultUnavailable):
        read_checkpoints(tmp_path)


# Keys that are replaced


def test_an_audit_goes_on_when_the_root_key_is_replaced(tmp_path: Path) -> None:
    """Also in a process that has opened the vault before, and its audit not yet."""
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    with (
        LocalVault(tmp_path / "v.db", environ=environ) as early,
        LocalVault(tmp_path / "v.db", environ=environ) as late,
    ):
        early.unmask(["nothing"])
        rotate_root(early)
        late.unmask(["nothing"])
        late.in_namespace("other").unmask(["nothing"])
        early.unmask(["nothing"])
        rotated = [one for one in told(early) if one.what == "key rotated"]
        assert [one.outcome for one in rotated] == ["begun", "success"]
        assert rotated[0].facts == {"role": "root"}
        assert whole(early)
        assert whole(late)
    with LocalVault(tmp_path / "v.db", environ=environ) as again:
        assert whole(again)
        assert whole(again.in_namespace("other"))


def test_a_data_key_that_the_vault_replaces_by_itself_is_written_down(vault: LocalVault) -> None:
    vault._seal_limit = 640
    vault.refresh()
    for start in range(0, 700, 50):
        vault.mask([Item(f"value {start + n}", "text token", "default format") for n in range(50)])
    assert [(one.what, one.outcome, one.facts) for one in told(vault)] == [
        ("key rotated", outcome, {"role": "data", "version": 2}) for outcome in ("begun", "success")
    ]
    assert whole(vault)


def test_a_namespace_whose_keys_do_not_open_can_be_deleted(tmp_path: Path) -> None:
    with LocalVault(tmp_path / "v.db", environ=KEY) as vault:
        Namespaces(vault).create("broken")
        with closing(apsw.Connection(str(tmp_path / "v.db"))) as db:
            db.execute("UPDATE keys SET wrapped = randomblob(90) WHERE role <> 'audit'")
        namespaces = Namespaces(vault)
        assert namespaces.delete("broken")
        assert told(vault)[-1].what == "namespace deleted"
