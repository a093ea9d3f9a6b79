"""Our client against our own server over a real socket: a remote vault is a vault like any other."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_guard_protecto import ConfigurationError, Item, LocalVault, ProtectoVault, VaultRefused
from llm_guard_protecto.protecto.faults import JobFailed, NotAuthenticated
from llm_guard_protecto.server.running import configured
from llm_guard_protecto.server.service import Service
from llm_guard_protecto.server.settings import Settings
from tests.protecto.service import listening

LETTER = (
    "Write to Sarah Johnson, 456 Elm Avenue, Boston, (555) 987-6543, sarah.johnson@example.com, "
    "that her card 4111 1111 1111 1111 was charged. "
)
TEXTS = [
    LETTER,
    "key=Sarah Johnson;",
    "",
    " \n",
    "\ud800 Sarah Johnson \udc00",
    "nothing, 李雷 👩‍👩‍👧",
]
ITEMS = [
    Item("John", "Text Token"),
    Item("(555) 123-4567", "Numeric Token", "Phone Number", {"row": 1}),
    Item("ada@moss.example", "text token", "Email Address"),
]


@dataclass(frozen=True, slots=True)
class Joined:
    """A namespace of a running server, from the inside and from the outside."""

    url: str
    inside: LocalVault
    admin: ProtectoVault
    vault: ProtectoVault


@pytest.fixture(scope="module")
def joined() -> Iterator[Joined]:
    with LocalVault("memory:") as own, listening() as listener:
        service = Service(own, Settings(output_limit=600))
        master = service.bearers.create(None, "root")
        server = uvicorn.Server(configured(service, port=0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.005)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        admin = ProtectoVault(url, master)
        permissions = ("mask", "unmask", "metadata_change")
        made = admin.admin.create_token("tenant", "ada@moss.example", permissions)
        inside = service.namespaces.get("tenant")
        assert inside is not None
        vault = ProtectoVault(url, made.token)
        yield Joined(url, inside, admin, vault)
        vault.close()
        admin.close()
        server.should_exit = True
        thread.join()


def test_it_gives_what_the_embedded_vault_gives(joined: Joined) -> None:
    asked: list[str | Item] = [*TEXTS, *ITEMS]
    for ours, theirs in zip(joined.vault.mask(asked), joined.inside.mask(asked), strict=True):
        assert (ours.value, ours.token_value) == (theirs.value, theirs.token_value)
        assert ours.individual_tokens == theirs.individual_tokens
        assert ours.excluded_entities == theirs.excluded_entities
        assert ours.attributes == theirs.attributes


def test_everything_comes_back(joined: Joined) -> None:
    texts = [*TEXTS, LETTER * 50]
    tokens = [one.token_value for one in joined.vault.mask(texts)]
    assert [one.value for one in joined.vault.unmask(tokens)] == texts
    assert [one.value for one in joined.inside.unmask(tokens)] == texts


@settings(deadline=None, max_examples=40)
@given(texts=st.lists(st.text(st.characters(), max_size=60), max_size=4))
def test_any_text_comes_back(joined: Joined, texts: list[str]) -> None:
    tokens = [one.token_value for one in joined.vault.mask(texts)]
    assert [one.value for one in joined.vault.unmask(tokens)] == texts


def test_one_vault_serves_many_threads(joined: Joined) -> None:
    texts = [f"Sarah Johnson wrote letter {number} to Boston" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda text: joined.vault.mask([text])[0], texts))
    assert [one.value for one in answers] == texts
    assert len({one.individual_tokens[0].wrapped for one in answers}) == 1


def test_jobs(joined: Joined) -> None:
    vault = joined.vault
    masked = vault.result(vault.submit_mask([LETTER, *ITEMS]))
    direct = vault.mask([LETTER, *ITEMS])
    assert [one.token_value for one in masked] == [one.token_value for one in direct]
    [restored] = vault.result(vault.submit_unmask([masked[0].token_value]))
    assert restored.value == LETTER
    with pytest.raises(JobFailed, match="token_name not defined"):
        vault.result(vault.submit_mask([Item("John", "Wrong")]))


def test_policies(joined: Joined) -> None:
    vault = joined.vault
    vault.admin.create_policy("Add Prefix Suffix Policy")
    vault.admin.set_wrappers("Add Prefix Suffix Policy", {"PERSON": ("{Person Name ", "}")})
    vault.admin.set_categories("Add Prefix Suffix Policy", exclude=["PHONE_NUMBER"])
    assert "Add Prefix Suffix Policy" in vault.policies()
    [policy] = vault.admin.entities("Add Prefix Suffix Policy")
    known = {entity.name: entity for entity in policy.entities}
    assert known["PERSON"].prefix == "{Person Name "
    assert known["PHONE_NUMBER"].category == "exclude"
    [masked] = vault.mask([LETTER], "Add Prefix Suffix Policy")
    assert "{Person Name " in masked.token_value
    assert [one.value for one in masked.excluded_entities] == ["(555) 987-6543"]
    assert vault.unmask([masked.token_value], "Add Prefix Suffix Policy")[0].value == LETTER
    vault.admin.delete_policy("Add Prefix Suffix Policy")
    with pytest.raises(ConfigurationError, match="Policy doesn't exist"):
        vault.mask([LETTER], "Add Prefix Suffix Policy")


def test_tokens_and_permissions(joined: Joined) -> None:
    admin = joined.admin.admin
    made = admin.create_token("other", "bo@moss.example", ["mask"], end_date="2999-01-01")
    assert made.job is not None
    assert admin.namespace_job(made.job.tracking_id).status == "SUCCESS"
    assert admin.token_details(made.token).permissions == ("mask",)
    with ProtectoVault(joined.url, made.token) as vault:
        [masked] = vault.mask([LETTER])
        with pytest.raises(VaultRefused, match="Permission denied"):
            vault.unmask([masked.token_value])
        assert joined.vault.unmask([masked.token_value])[0].value == masked.token_value
        admin.revoke_token(made.token)
        with pytest.raises(NotAuthenticated):
            vault.mask([LETTER])
    assert admin.delete_namespace("other").job_type == "namespace-deletion"
