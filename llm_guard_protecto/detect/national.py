"""The table of countries' own numbers; `python-stdnum` knows their checksums, words decide.

The rows are in `countries.py`; here are those that `python-stdnum` lacks, and the shapes that need
no word.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Final, Protocol, cast

from llm_guard_protecto.detect import checks, identity
from llm_guard_protecto.detect.countries import COUNTRIES
from llm_guard_protecto.detect.ids import named_id
from llm_guard_protecto.detect.pattern import Check, Pattern

__all__ = ["NATIONAL", "standard"]


class _Standard(Protocol):
    def is_valid(self, number: str) -> bool: ...


@cache
def _module(name: str) -> _Standard:
    return cast(_Standard, import_module(f"stdnum.{name}"))


def standard(name: str) -> Check:
    """A check by the module `name` of `python-stdnum`, imported when it is first needed."""

    def check(value: str) -> bool:
        return bool(_module(name).is_valid(value))

    return check


# each: name, shape, check, words; what `python-stdnum` does not know
_OTHERS: Final[tuple[tuple[str, str, Check | None, tuple[str, ...]], ...]] = (
    ("ae", r"\b784-?\d{4}-?\d{7}-?\d\b", identity.emirates, ("emirates id", "eid", "uae")),
    ("bh", r"\b\d{9}\b", identity.bahraini, ("cpr", "bahrain")),
    (
        "de_document",
        r"\b[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{8}\d\b",
        identity.german_document,
        ("personalausweis", "ausweisnummer", "ausweis", "id card"),
    ),
    (
        "de_pension",
        r"\b\d{2} ?\d{6} ?[A-Z] ?\d{3}\b",
        identity.german_pension,
        ("rentenversicherungsnummer", "sozialversicherungsnummer", "rvnr", "sv-nummer"),
    ),
    ("eg", r"\b[23]\d{13}\b", identity.egyptian, ("national id", "الرقم القومي")),
    ("hk", r"\b[A-Z]{1,2}\d{6} ?\(?[0-9A]\)?", identity.hong_kong, ("hkid", "hong kong id")),
    (
        "it_card",
        r"\b[A-Z]{2}\d{5}[A-Z]{2}\b|\b[A-Z]{2} ?\d{7}\b",
        None,
        ("carta d'identità", "carta di identità", "carta d'identita", "cie"),
    ),
    ("kz", r"\b\d{12}\b", identity.kazakh, ("iin", "иин", "жсн")),
    ("lk", r"\b(?:\d{9}[VvXx]|[12]\d{11})\b", identity.sri_lankan, ("nic", "sri lanka")),
    ("ng", r"\b\d{11}\b", None, ("nin", "bvn", "national identification number")),
    ("ph", r"\b\d{4}-\d{4}-\d{4}(?:-\d{4})?\b", None, ("philsys", "philid", "umid", "crn")),
    ("sa", r"\b[12]\d{9}\b", identity.luhn_digits, ("iqama", "saudi id", "رقم الهوية")),
    ("sg", r"\b[STFGM]\d{7}[A-Z]\b", identity.singapore, ("nric", "fin", "singapore")),
    ("tw", r"\b[A-Z][12]\d{8}\b", identity.taiwanese, ("taiwan id", "身分證", "身份證")),
    (
        "groups",
        r"\b[0-9XYZ]\d{0,4}(?:[ ./-]\d{2,4}){2,6}(?:[ .-]?[0-9A-Za-z]{1,2})?\b",
        identity.long_enough,
        (
            *(
                "steuer id",
                "steueridentifikationsnummer",
                "bsn",
                "burgerservicenummer",
                "cpf",
                "cnpj",
            ),
            *("sozialversicherungsnummer", "seguridad social", "nuss", "niss", "número de utente"),
            *("sécurité sociale", "numéro de sécu", "carteira de identidade", "rg", "national id"),
            *("identity number", "identity card", "personal id number", "número de contribuinte"),
        ),
    ),
    (
        "any",
        r"\b\d(?:[A-Za-z0-9]{4,}(?:[-.][A-Za-z0-9]+)*|[A-Za-z0-9]{0,3}(?:[-.][A-Za-z0-9]+)+)\b",
        None,
        (
            *("national id", "national id number", "national identity number", "identity card"),
            *("identity number", "id card number", "citizen id", "citizenship number"),
            *("personal id number", "documento de identidad", "ausweisnummer", "cni", "steuer id"),
            *("steueridentifikationsnummer", "bsn", "burgerservicenummer", "codice fiscale", "cpf"),
            *("sozialversicherungsnummer", "seguridad social", "nuss", "niss", "número de utente"),
            *("numéro de sécurité sociale", "numéro de sécu", "número fiscal", "personnummer"),
            *("aadhaar number", "dni", "número de contribuinte", "documento d'identità"),
        ),
    ),
)

NATIONAL: Final = (
    *(
        Pattern(entity, shape, standard(module), words, 0.2, 0.97, f"national_{module}")
        for entity, module, shape, words in COUNTRIES
    ),
    *(
        Pattern(
            "NATIONAL_ID",
            shape,
            check,
            words,
            0.2,
            0.97 if check else 0.9,
            f"national_{name}",
            named_id(checks.has_digit) if name == "any" else None,
        )
        for name, shape, check, words in _OTHERS
    ),
    # shapes so particular that no word is needed
    Pattern(
        "NATIONAL_ID",
        r"\b[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]\b",
        standard("it.codicefiscale"),
        score=0.9,
        name="codice_fiscale",
    ),
    Pattern(
        "NATIONAL_ID", r"\b\d{3}\.\d{3}\.\d{3}-\d{2}\b", standard("br.cpf"), score=0.9, name="cpf"
    ),
    Pattern(
        "NATIONAL_ID",
        r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b",
        checks.nino,
        ("national insurance", "nino", "ni number"),
        0.75,
        0.97,
        "nino",
    ),
    Pattern(
        "NATIONAL_ID",
        r"\b\d{3}[ -]?\d{3}[ -]?\d{4}\b",
        checks.nhs,
        ("nhs", "nhs number", "nhs no"),
        0.2,
        0.97,
        "nhs",
    ),
)
