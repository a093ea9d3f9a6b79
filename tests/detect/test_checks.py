"""Checksums and ranges against published examples, and against every single changed digit."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_guard_protecto.detect import checks, positions, wallets

RIGHT: list[tuple[Callable[[str], bool], str]] = [
    (checks.card, "4111 1111 1111 1111"),
    (checks.card, "5555555555554444"),
    (checks.card, "2223003122003222"),
    (checks.card, "378282246310005"),
    (checks.card, "6011111111111117"),
    (checks.card, "3530111333300000"),
    (checks.card, "30569309025904"),
    (checks.card, "6200000000000005"),
    (checks.iban, "DE89 3704 0044 0532 0130 00"),
    (checks.iban, "gb82west12345698765432"),
    (checks.iban, "NO93 8601 1117 947"),
    (checks.iban, "FR14 2004 1010 0505 0001 3M02 606"),
    (checks.imei, "490154203237518"),
    (checks.vin, "1HGCM82633A004352"),
    (checks.vin, "1M8GDM9AXKP042788"),
    (checks.aba, "021000021"),
    (checks.npi, "1234567893"),
    (checks.dea, "AB1234563"),
    (checks.nhs, "943 476 5919"),
    (wallets.base58, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    (wallets.base58, "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"),
    (wallets.bech32, "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"),
    (wallets.bech32, "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"),
]


@pytest.mark.parametrize(("check", "value"), RIGHT, ids=lambda v: getattr(v, "__name__", v))
def test_published_examples_are_right(check: Callable[[str], bool], value: str) -> None:
    assert check(value)


@pytest.mark.parametrize(("check", "value"), RIGHT, ids=lambda v: getattr(v, "__name__", v))
def test_every_changed_digit_is_noticed(check: Callable[[str], bool], value: str) -> None:
    serial = range(11, 17) if check is checks.vin else range(2, len(value))
    changed = [
        value[:at] + str((int(value[at]) + 1) % 10) + value[at + 1 :]
        for at in serial
        if value[at].isdigit()
    ]
    assert len(changed) > 3
    assert not any(check(other) for other in changed)


@pytest.mark.parametrize(
    ("check", "value", "right"),
    [
        (checks.ssn, "219-09-9999", True),
        (checks.ssn, "000-12-3456", False),
        (checks.ssn, "666-12-3456", False),
        (checks.ssn, "912-12-3456", False),
        (checks.ssn, "219-00-1234", False),
        (checks.ssn, "219-09-0000", False),
        (checks.ssn, "123-45-6789", False),
        (checks.ssn_shaped, "912-12-3456", True),
        (checks.ssn_shaped, "912-70-1234", False),
        (checks.ssn_shaped, "812-12-3456", False),
        (checks.itin, "912-70-1234", True),
        (checks.itin, "912-66-1234", False),
        (checks.itin, "912-93-1234", False),
        (checks.itin, "812-70-1234", False),
        (checks.ipv4, "10.0.0.1", True),
        (checks.ipv4, "10.0.0.256", False),
        (checks.ipv4, "10.0.0.01", False),
        (checks.ipv4, "127.0.0.1", False),
        (checks.ipv6, "2001:db8::1", True),
        (checks.ipv6, "1::2", False),
        (checks.ipv6, "dead::beef", False),
        (checks.ipv6, "2001:db8::1::2", False),
        (checks.mac, "00:1A:2B:3C:4D:5E", True),
        (checks.mac, "00-1A:2B:3C:4D:5E", False),
        (checks.mac, "00:00:00:00:00:00", False),
        (checks.card, "4111111111111112", False),
        (checks.card, "0000000000000000", False),
        (checks.card, "1234567812345670", False),
        (checks.swift, "DEUTDEFF", True),
        (checks.swift, "DEUTXXFF", False),
        (checks.nino, "AB123456C", True),
        (checks.nino, "GB123456C", False),
        (checks.is_date, "29/02/2020", True),
        (checks.is_date, "12.31.1999", True),
        (checks.is_date, "31.12.99", True),
        (checks.is_date, "2020-13-01", False),
        (checks.is_date, "13/13/2020", False),
        (checks.is_date, "0/1/2020", False),
        (checks.is_date, "1/1/9999", False),
        (positions.coordinates, "37.42, -122.08", True),
        (positions.coordinates, "97.42, -122.08", False),
        (checks.random_looking, "a1b2c3d4e5f6", True),
        (checks.random_looking, "kubernetes-secret-name", False),
        (checks.random_looking, "aaaaaaaaaaaa11", False),
    ],
    ids=lambda v: getattr(v, "__name__", str(v)),
)
def test_ranges(check: Callable[[str], bool], value: str, right: bool) -> None:
    assert check(value) is right


@given(st.text("0123456789", min_size=1, max_size=19))
def test_luhn_has_exactly_one_right_last_digit(number: str) -> None:
    assert [checks.luhn(number + last) for last in "0123456789"].count(True) == 1


@given(st.sampled_from(["GB", "DE", "FR", "NO", "MT", "XX"]), st.integers(0, 10**30))
def test_an_account_number_has_its_countrys_length(country: str, number: int) -> None:
    length = checks.iban_length(country)
    assert length == {"GB": 22, "DE": 22, "FR": 27, "NO": 15, "MT": 31, "XX": 0}[country]
    value = f"{country}{number:030}"
    assert not checks.iban(value) or len(value) == length
