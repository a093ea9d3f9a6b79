"""Administration through either kind of vault."""

from __future__ import annotations

import logging

import pytest

from llm_guard_protecto import ConfigurationError, VaultError
from llm_guard_protecto.protecto.admin_codec import Endpoint
from tests.protecto.conftest import Opens
from tests.protecto.service import Service


def test_policies_are_made_listed_and_deleted(opens: Opens) -> None:
    vault = opens()
    for name in ("one", "two with blanks"):
        vault.admin.create_policy(name)
    assert vault.policies() == vault.admin.policies() == ["one", "two with blanks"]
    with pytest.raises(ConfigurationError, match="already exists"):
        vault.admin.create_policy("one")
    vault.admin.delete_policy("one")
    assert vault.policies() == ["two with blanks"]
    with pytest.raises(ConfigurationError, match="Policy doesn't exist"):
        vault.admin.delete_policy("one")


def test_entities_come_with_category_and_wrapper_page_by_page(
    service: Service, opens: Opens
) -> None:
    vault = opens()
    for name in ("a", "b", "c"):
        vault.admin.create_policy(name)
    vault.admin.set_categories("b", anonymize=["PERSON"], exclude=["URL"])
    vault.admin.set_wrappers("b", {"PHONE_NUMBER": ("{Phone ", "}")})
    every = vault.admin.entities()
    assert [policy.name for policy in every] == ["a", "b", "c"]
    [only] = vault.admin.entities("b")
    assert only == every[1]
    known = {entity.name: entity for entity in only.entities}
    assert {name: entity.category for name, entity in known.items()} == {
        "PERSON": "anonymize",
        "PHONE_NUMBER": "pseudonymize",
        "EMAIL_ADDRESS": "pseudonymize",
        "URL": "exclude",
    }
    assert (known["PHONE_NUMBER"].prefix, known["PHONE_NUMBER"].suffix) == ("{Phone ", "}")
    assert known["PERSON"].kind == "PII"
    assert service.asked("/metadata/update-auto-detect") == [
        {
            "data": {
                "policy_name": "b",
                "metadata": [
                    {
                        "entity_name": "PHONE_NUMBER",
                        "format_prefix": "{Phone ",
                        "format_suffix": "}",
                    }
                ],
            }
        }
    ]


def test_custom_entities(service: Service, opens: Opens) -> None:
    admin = opens().admin
    detector = Endpoint("https://detect.elm.example", headers={"x-key": "hush"})
    listed = Endpoint("https://list.elm.example", "GET")
    admin.put_custom_entity("CUSTOMER_ID", detector=detector, known_values=listed, policy="mine")
    found = admin.custom_entity("CUSTOMER_ID")
    assert found["identification_endpoint_details"] == detector.details
    assert found["pi_elements_list_endpoint_details"]["method"] == "GET"
    assert found["policy_name"] == "mine"
    admin.delete_custom_entity("CUSTOMER_ID")
    assert service.admin.tags == {}
    assert "hush" not in repr(detector)
    with pytest.raises(ConfigurationError):
        admin.put_custom_entity("CUSTOMER_ID")


def test_erasure_by_age_or_date(service: Service, opens: Opens) -> None:
    admin = opens().admin
    job = admin.erase_mappings(days=90)
    assert (job.status, job.job_type, job.is_final) == ("PENDING", "data-deletion", False)
    done = admin.erasure(job.tracking_id)
    assert (done.status, done.cleared_records, done.is_final) == ("SUCCESS", 3, True)
    assert done.completed.isoformat() == "2026-01-02T03:04:05+00:00"
    admin.erase_audit(date="2023-01-01")
    assert service.asked("/namespace/delete/personal-data-mapping") == [{"data": {"duration": 90}}]
    assert service.asked("/namespace/delete/audit-records") == [{"data": {"date": "2023-01-01"}}]
    for wrong in ({}, {"days": 1, "date": "2023-01-01"}):
        with pytest.raises(ConfigurationError):
            admin.erase_audit(**wrong)


def test_the_audit_log_is_read_to_its_end(opens: Opens) -> None:
    admin = opens().admin
    records = admin.audit("2026-01-01 00:00:00", "2026-02-01 00:00:00")
    assert [record.method for record in records] == ["/unmask"] * 3
    assert records[0].time == "2026-01-01 00:00:00"
    assert "moss" not in repr(records[0])
    [row] = admin.usage("ns & co", start="2026-01-01 00:00:00")
    assert row == {"namespace": "ns & co", "start_date": "2026-01-01 00:00:00"}


def test_tokens_and_namespaces(service: Service, opens: Opens) -> None:
    admin = opens().admin
    made = admin.create_token("ns1", "ada@moss.example", end_date="2027-01-01")
    assert made.job.job_type == "namespace-creation"
    assert (made.permissions, made.end_date) == (("mask", "unmask"), "2027-01-01")
    assert admin.namespace_job(made.job.tracking_id).status == "SUCCESS"
    again = admin.create_token("ns1", "bo@moss.example", ["mask"])
    assert again.job is None
    assert admin.token("ns1", "bo@moss.example").permissions == ("mask",)
    assert admin.token_details(made.token).end_date == "2027-01-01"
    assert [one.token for one in admin.tokens()] == [made.token, again.token]
    admin.revoke_token(again.token)
    assert [one.user for one in admin.tokens()] == ["ada@moss.example"]
    job = admin.delete_namespace("ns1")
    assert job.job_type == "namespace-deletion"
    assert service.admin.tokens == {}
    with pytest.raises(VaultError, match="Invalid tracking_id"):
        admin.namespace_job("nothing")


def test_a_token_that_is_asked_about_is_in_no_log(
    service: Service, opens: Opens, caplog: pytest.LogCaptureFixture
) -> None:
    """Protecto takes it in the query of a GET, and httpx logs every URL."""
    admin = opens().admin
    made = admin.create_token("ns2", "ada@moss.example")
    with caplog.at_level(logging.DEBUG):
        admin.token_details(made.token)
    assert service.requests[-1].query == f"auth_token={made.token}"
    assert "auth-token/details" in caplog.text
    assert made.token not in caplog.text
    assert made.token not in repr(made)
