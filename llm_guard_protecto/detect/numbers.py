"""The table of shapes: money and people's numbers.

One row a shape. Adding one: a line here and a marked line in `tests/detect/test_rules.py`.
"""

from __future__ import annotations

from typing import Final

from llm_guard_protecto.detect import checks
from llm_guard_protecto.detect.borders import apart, labelled
from llm_guard_protecto.detect.cues import (
    ACCOUNT,
    BANK_CODE,
    CARD,
    DRIVING,
    EIN,
    LICENCE,
    PASSPORT,
    ROUTING,
    SSN,
)
from llm_guard_protecto.detect.expression import expression
from llm_guard_protecto.detect.ids import LABELS_ABROAD, grouped_account, named_id
from llm_guard_protecto.detect.national import standard
from llm_guard_protecto.detect.pattern import Pattern, named

__all__ = ["NUMBERS"]

# from the first digit on; `borders.identifier` adds the letters before it
_ID: Final = r"\d(?:[A-Za-z0-9]{3,}(?:-[A-Za-z0-9]+)*|[A-Za-z0-9]{0,3}(?:-[A-Za-z0-9]+)+)\b"
_YEAR_FIRST: Final = expression(r"(?:19|20)\d\d[ -]\d\d(?:\b|[ -])")
_DIGIT_GROUPS: Final = r"\b\d{2,6}(?:[ -]\d{2,6}){1,4}\b"

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
        r"\b\d{4}(?:[ .-]\d{4}){2,3}(?:[ .-]\d{1,4})?\b",
        checks.card,
        CARD,
        0.97,
        0.98,
        "card_groups",
        apart("."),
    ),
    Pattern(
        "CREDIT_CARD", r"\b3\d{3}[ -]\d{6}[ -]\d{4,5}\b", checks.card, CARD, 0.97, 0.98, "card_amex"
    ),
    Pattern(
        "IBAN_CODE",
        r"\b[A-Za-z]{2}[ -]?\d{2}[ .-]?[A-Za-z0-9]{4}[ .-]?[A-Za-z0-9]?\d",
        score=0.98,
        name="iban",
        fit=grouped_account,
    ),
    named(
        "ROUTING_NUMBER",
        r"\b\d{9}\b",
        ROUTING,
        "routing_number",
        check=checks.aba,
    ),
    named("ROUTING_NUMBER", r"\b[1-8]\d{2} ?\d{3} ?\d{2}\b", BANK_CODE, "bank_code"),
    named(
        "ACC_NO",
        r"\b\d{5}[ -]?\d{5}[ -]?[0-9A-Z]{11}[ -]?\d{2}\b",
        ("rib", "relevé d'identité bancaire", "compte"),
        "rib",
        lifted=0.9,
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
    # people's numbers
    Pattern("US_SSN", r"\b\d{3}-\d{2}-\d{4}\b", checks.ssn, SSN, 0.85, 0.98, "ssn", apart("-.")),
    Pattern(  # never issued, and yet what people make up and mistype looks like this
        "US_SSN",
        r"\b9\d{2}-\d{2}-\d{4}\b",
        checks.ssn_shaped,
        SSN,
        0.65,
        0.98,
        "ssn_shaped",
        apart("-."),
    ),
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
        EIN,
        "ein",
        check=standard("us.ein"),
    ),
    named(
        "DRIVING_LICENSE_NUMBER",
        _ID,
        DRIVING,
        "driving_licence",
        fit=named_id(checks.has_digit),
        lifted=0.96,
    ),
    named(
        "PASSPORT_NUMBER",
        r"\b[A-Za-z]{0,3}\d[A-Za-z0-9]{4,9}\b",
        PASSPORT,
        "passport",
        fit=named_id(checks.has_digit),
        lifted=0.96,
    ),
    named("ACC_NO", _ID, ACCOUNT, "account", fit=named_id(checks.has_digit), lifted=0.9),
    named(
        "ACC_NO",
        _DIGIT_GROUPS,
        ACCOUNT,
        "account_groups",
        check=lambda v: len(checks.digits(v)) > 5 and not _YEAR_FIRST.match(v),
        lifted=0.85,
    ),
    named("LICENCE_NO", _ID, LICENCE, "licence", fit=named_id(checks.has_digit, fewest=3)),
    Pattern(
        "CUSTOM_ID",
        r"(?i)\b(?:customer|client|order|ticket|case|employee|staff|student|member|account|user"
        r"|invoice|booking|reservation|confirmation|reference|claim|application|loan|contract"
        r"|shipment|tracking|purchase order|badge|personnel|payroll|matriculation|docket|file|job"
        r"|request|incident|transaction|subscription|device|serial|asset|kunden|personal|bestell"
        r"|auftrags|rechnungs|vorgangs|akten|vertrags|mitglieds|cliente|commande|pedido|ticket|policy"
        r"|fall|buchungs|reservierungs|liefer|klant|klanten|order|bestel|factuur|boekings|dossier)"
        r"(?:[ _-]?(?:id|ids|number|num|no\b\.?|nr\b\.?|nummer|code|ref|reference|#)|zeichen| ?#)"
        r"[\x22']?(?: is| was| ist| lautet| est| es|:| =|=|>)?[ ]{0,2}[\x22'#]?[A-Za-z]{0,6}[-/]?\d",
        fit=labelled,
        score=0.75,  # surer than a telephone word some way off
        name="custom_id",
    ),
    Pattern(
        "CUSTOM_ID",
        rf"(?i)\b{LABELS_ABROAD}[\x22']?(?: ist| est| es| \xc3[\xa8\xa9]| is|:| =|=)?[ ]{{0,2}}[\x22'#]?"
        r"[a-z]{0,6}[-/]?\d",
        fit=labelled,
        score=0.75,
        name="custom_id_abroad",
    ),
)
