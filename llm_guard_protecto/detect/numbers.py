"""The table of shapes: money and people's numbers.

One row a shape. Adding one: a line here and a marked line in `tests/detect/test_rules.py`.
"""

from __future__ import annotations

from typing import Final

from llm_guard_protecto.detect import checks
from llm_guard_protecto.detect.borders import account, apart, identifier
from llm_guard_protecto.detect.cues import ACCOUNT, CARD, SSN
from llm_guard_protecto.detect.pattern import Pattern, named
from llm_guard_protecto.detect.wallets import base58, bech32

__all__ = ["NUMBERS"]

# from the first digit on; `borders.identifier` adds the letters before it
_ID: Final = r"\d(?:[A-Za-z0-9]{3,}(?:-[A-Za-z0-9]+)*|[A-Za-z0-9]{0,3}(?:-[A-Za-z0-9]+)+)\b"
_DIGIT_GROUPS: Final = r"\b\d{2,6}(?:[ -]\d{2,6}){1,4}\b"
_URL: Final = r"[^\s<>\x22\x60|\\^]"
_URL_END: Final = r"(?:[\s<>\x22\x60|\\^]|\z)"
_HOST: Final = r"(?:[a-z0-9\x80-\xff][a-z0-9\x80-\xff-]*\.)+"
_DATE_NUMBERS: Final = r"\b\d{1,2}[/.-]\d{1,2}[/.-]\d{4}\b"

NUMBERS: Final = (
    # money
    Pattern(
        "CREDIT_CARD",
        r"\b\d{12,19}\b",
        lambda v: v[0] != "0" and checks.card(v) and (len(v) > 14 or v[0] == "3"),
        CARD,
        0.75,
        0.97,
        "card",
        apart("."),
    ),
    named("CREDIT_CARD", r"\b\d{12,19}\b", CARD, "card_named", check=checks.luhn),
    Pattern(
        "CREDIT_CARD",
        r"\b\d{4}(?:[ -]\d{4}){2,3}(?:[ -]\d{1,4})?\b",
        checks.card,
        CARD,
        0.95,
        0.98,
        "card_groups",
        apart("."),
    ),
    Pattern(
        "CREDIT_CARD", r"\b3\d{3}[ -]\d{6}[ -]\d{4,5}\b", checks.card, CARD, 0.95, 0.98, "card_amex"
    ),
    Pattern(
        "IBAN_CODE",
        r"\b[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]{4}){2,7}(?:[ -]?[A-Za-z0-9]{1,3})?\b",
        score=0.98,
        name="iban",
        fit=account,
    ),
    named(
        "ROUTING_NUMBER",
        r"\b\d{9}\b",
        ("routing", "routing number", "aba", "rtn", "transit"),
        "routing_number",
        check=checks.aba,
    ),
    named(
        "ROUTING_NUMBER", r"\b\d{2}[ -]?\d{2}[ -]?\d{2}\b", ("sort code", "sortcode"), "sort_code"
    ),
    named(
        "ROUTING_NUMBER",
        r"\b[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?\b",
        ("swift", "bic", "swift code"),
        "swift",
        check=checks.swift,
    ),
    Pattern(
        "CRYPTO",
        r"\b[13LMDTA][1-9A-HJ-NP-Za-km-z]{25,34}\b",
        base58,
        score=0.97,
        name="wallet_base58",
    ),
    Pattern(
        "CRYPTO",
        r"\b(?:bc1|ltc1|tb1|BC1)[02-9a-zA-Z]{11,87}\b",
        bech32,
        score=0.97,
        name="wallet_bech32",
    ),
    Pattern(
        "CRYPTO",
        r"\b0x[0-9a-fA-F]{40}\b",
        lambda v: len(set(v)) > 6,
        score=0.9,
        name="wallet_ethereum",
    ),
    # people's numbers
    Pattern("US_SSN", r"\b\d{3}-\d{2}-\d{4}\b", checks.ssn, SSN, 0.85, 0.98, "ssn", apart("-.")),
    named("US_SSN", r"\b\d{3}[ .]\d{2}[ .]\d{4}\b", SSN, "ssn_spaces", check=checks.ssn),
    named("US_SSN", r"\b\d{9}\b", SSN, "ssn_bare", check=checks.ssn, lifted=0.9),
    Pattern(
        "US_ITIN",
        r"\b9\d{2}-\d{2}-\d{4}\b",
        checks.itin,
        ("itin", "taxpayer"),
        0.7,
        0.97,
        "itin",
        apart("-."),
    ),
    named("US_ITIN", r"\b9\d{8}\b", ("itin", "taxpayer"), "itin_bare", check=checks.itin),
    named(
        "US_EIN",
        r"\b\d{2}-?\d{7}\b",
        ("ein", "employer id", "employer identification", "fein", "federal tax"),
        "ein",
    ),
    named(
        "DRIVING_LICENSE_NUMBER",
        _ID,
        (
            "driver's license",
            "drivers license",
            "driver license",
            "driver’s license",
            "driving licence",
            "driving license",
            "driver's licence",
            "dl",
            "dl no",
            "dl number",
            "führerschein",
            "permis de conduire",
            "licencia de conducir",
            "patente di guida",
        ),
        "driving_licence",
        fit=identifier(checks.has_digit),
        lifted=0.96,
    ),
    named(
        "PASSPORT_NUMBER",
        r"\b[A-Za-z]{0,3}\d[A-Za-z0-9]{4,9}\b",
        (
            "passport",
            "passports",
            "passport number",
            "passport no",
            "reisepass",
            "passeport",
            "pasaporte",
            "passaporto",
            "passaporte",
            "paspoort",
        ),
        "passport",
        fit=identifier(checks.has_digit),
        lifted=0.96,
    ),
    named(
        "MEDICAL_LICENSE",
        r"\b[12]\d{9}\b",
        ("npi", "npi number", "provider"),
        "npi",
        check=checks.npi,
    ),
    named(
        "MEDICAL_LICENSE",
        r"\b[A-Za-z][A-Za-z9]\d{7}\b",
        ("dea", "dea number", "dea no"),
        "dea",
        check=checks.dea,
    ),
    named(
        "MRN",
        _ID,
        (
            "mrn",
            "medical record",
            "medical record number",
            "patient id",
            "patient number",
            "patient no",
            "chart number",
            "chart no",
            "hospital number",
            "hospital no",
        ),
        "mrn",
        fit=identifier(checks.has_digit),
        lifted=0.96,
    ),
    named(
        "INSURANCE_NUMBER",
        _ID,
        (
            "insurance",
            "insurance number",
            "policy number",
            "policy no",
            "member id",
            "medicare",
            "medicaid",
            "subscriber id",
            "beneficiary",
            "health plan",
            "insurance id",
        ),
        "insurance",
        fit=identifier(checks.has_digit),
        lifted=0.93,
    ),
    named("ACC_NO", _ID, ACCOUNT, "account", fit=identifier(checks.has_digit), lifted=0.9),
    named(
        "ACC_NO",
        _DIGIT_GROUPS,
        ACCOUNT,
        "account_groups",
        check=lambda v: len(checks.digits(v)) > 5,
        lifted=0.85,
    ),
    named(
        "VEHICLE_REGISTRATION_NUMBER",
        r"\b[A-Z]{1,3}[ -]?[A-Z0-9]{1,4}[ -]?[A-Z0-9]{2,4}\b",
        (
            "license plate",
            "licence plate",
            "number plate",
            "plate",
            "plates",
            "plate number",
            "registration number",
            "reg no",
            "kennzeichen",
            "immatriculation",
            "matrícula",
        ),
        "plate",
        fit=identifier(checks.has_digit, fewest=2),
    ),
    Pattern(
        "VEHICLE_IDENTIFICATION_NUMBER",
        r"\b[A-HJ-NPR-Z0-9]{17}\b",
        checks.vin,
        ("vin", "chassis", "vehicle"),
        0.7,
        0.97,
        "vin",
    ),
    named(
        "VEHICLE_IDENTIFICATION_NUMBER",
        r"\b[A-HJ-NPR-Z0-9]{17}\b",
        ("vin", "chassis", "vehicle identification"),
        "vin_unchecked",
        check=checks.has_digit,
    ),
    named(
        "LICENCE_NO",
        _ID,
        (
            "license number",
            "licence number",
            "license no",
            "licence no",
            "certificate number",
            "permit number",
        ),
        "licence",
        fit=identifier(checks.has_digit),
    ),
    named(
        "CUSTOM_ID",
        _ID,
        (
            "customer id",
            "customer number",
            "customer no",
            "client id",
            "employee id",
            "employee number",
            "student id",
            "user id",
            "case number",
            "case no",
            "badge number",
            "kundennummer",
            "personalnummer",
        ),
        "custom_id",
        fit=identifier(checks.has_digit),
        lifted=0.6,
    ),
    Pattern(
        "COORDINATES",
        r"-?\b\d{1,2}\.\d{4,12}\s?, ?-?\d{1,3}\.\d{4,12}\b",
        checks.coordinates,
        score=0.8,
        name="coordinates",
        fit=apart(".,"),
    ),
)
