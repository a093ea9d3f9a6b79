"""The table of countries' own numbers; `python-stdnum` knows their checksums, words decide.

One row a number: its module in `python-stdnum`, its shape, what it is called.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Final, Protocol, cast

from llm_guard_protecto.detect import checks
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


_ELEVEN: Final = r"\b\d{11}\b"
_TEN: Final = r"\b\d{10}\b"

# each: entity, module, shape, words
_ROWS: Final[tuple[tuple[str, str, str, tuple[str, ...]], ...]] = (
    ("NATIONAL_ID", "ar.cuit", r"\b\d{2}-?\d{8}-?\d\b", ("cuit", "cuil")),
    ("TAX_ID", "at.uid", r"\bATU\d{8}\b", ("uid", "ust", "vat", "umsatzsteuer")),
    ("TAX_ID", "au.tfn", r"\b\d{3} ?\d{3} ?\d{2,3}\b", ("tfn", "tax file")),
    ("TAX_ID", "au.abn", r"\b\d{2} ?\d{3} ?\d{3} ?\d{3}\b", ("abn",)),
    (
        "NATIONAL_ID",
        "be.nn",
        r"\b\d{2}\.?\d{2}\.?\d{2}-?\d{3}\.?\d{2}\b",
        ("rijksregisternummer", "registre national", "national number"),
    ),
    ("NATIONAL_ID", "bg.egn", _TEN, ("egn", "егн")),
    ("NATIONAL_ID", "br.cpf", r"\b\d{3}\.?\d{3}\.?\d{3}-?\d{2}\b", ("cpf",)),
    ("TAX_ID", "br.cnpj", r"\b\d{2}\.?\d{3}\.?\d{3}/?\d{4}-?\d{2}\b", ("cnpj",)),
    ("NATIONAL_ID", "ca.sin", r"\b\d{3}[ -]?\d{3}[ -]?\d{3}\b", ("sin", "social insurance", "nas")),
    ("NATIONAL_ID", "ch.ssn", r"\b756\.?\d{4}\.?\d{4}\.?\d{2}\b", ("ahv", "avs", "insurance")),
    ("NATIONAL_ID", "cl.rut", r"\b\d{1,2}\.?\d{3}\.?\d{3}-?[0-9Kk]\b", ("rut", "run")),
    ("NATIONAL_ID", "cn.ric", r"\b\d{17}[0-9X]\b", ("id card", "identity", "身份证")),
    ("NATIONAL_ID", "co.nit", r"\b\d{8,10}-?\d\b", ("nit",)),
    ("NATIONAL_ID", "cz.rc", r"\b\d{6}/?\d{3,4}\b", ("rodné číslo", "rc", "rodne cislo")),
    (
        "TAX_ID",
        "de.idnr",
        r"\b\d{2} ?\d{3} ?\d{3} ?\d{3}\b",
        ("steuer-id", "steuerid", "idnr", "steueridentifikationsnummer", "tax id", "tin"),
    ),
    ("TAX_ID", "de.stnr", r"\b\d{2,3}/\d{3,4}/\d{4,5}\b", ("steuernummer", "st.-nr.", "stnr")),
    ("TAX_ID", "de.vat", r"\bDE ?\d{9}\b", ("ust-idnr", "vat", "umsatzsteuer", "ust-id", "ustid")),
    ("NATIONAL_ID", "dk.cpr", r"\b\d{6}-?\d{4}\b", ("cpr", "personnummer")),
    ("NATIONAL_ID", "ee.ik", _ELEVEN, ("isikukood", "personal code")),
    ("NATIONAL_ID", "es.dni", r"\b\d{8}-?[A-Za-z]\b", ("dni", "nif", "documento")),
    ("NATIONAL_ID", "es.nie", r"\b[XYZxyz]-?\d{7}-?[A-Za-z]\b", ("nie", "extranjero", "id")),
    ("NATIONAL_ID", "fi.hetu", r"\b\d{6}[+A-]\d{3}[0-9A-Z]\b", ("hetu", "henkilötunnus")),
    (
        "NATIONAL_ID",
        "fr.nir",
        r"\b[12] ?\d{2} ?\d{2} ?[0-9AB]{2} ?\d{3} ?\d{3} ?\d{2}\b",
        ("nir", "sécurité sociale", "insee", "securite sociale"),
    ),
    ("TAX_ID", "fr.siret", r"\b\d{3} ?\d{3} ?\d{3} ?\d{5}\b", ("siret",)),
    ("TAX_ID", "gb.utr", _TEN, ("utr", "taxpayer reference")),
    ("TAX_ID", "gb.vat", r"\b(?:GB ?)?\d{3} ?\d{4} ?\d{2}\b", ("vat", "vat number")),
    ("NATIONAL_ID", "gr.amka", _ELEVEN, ("amka", "αμκα")),
    ("NATIONAL_ID", "hr.oib", _ELEVEN, ("oib",)),
    ("NATIONAL_ID", "ie.pps", r"\b\d{7}[A-Za-z]{1,2}\b", ("pps", "ppsn")),
    ("NATIONAL_ID", "il.idnr", r"\b\d{7,8}-?\d\b", ("teudat zehut", "israeli id")),
    (
        "NATIONAL_ID",
        "in_.aadhaar",
        r"\b\d{4}[ -]?\d{4}[ -]?\d{4}\b",
        ("aadhaar", "aadhar", "uidai"),
    ),
    ("TAX_ID", "in_.pan", r"\b[A-Za-z]{5}\d{4}[A-Za-z]\b", ("pan", "pan card", "income tax")),
    (
        "NATIONAL_ID",
        "it.codicefiscale",
        r"\b[A-Za-z]{6}\d{2}[A-Za-z]\d{2}[A-Za-z]\d{3}[A-Za-z]\b",
        ("codice fiscale", "cf", "c.f.", "tax code"),
    ),
    ("TAX_ID", "it.iva", _ELEVEN, ("partita iva", "p.iva", "p. iva")),
    (
        "NATIONAL_ID",
        "kr.rrn",
        r"\b\d{6}-?\d{7}\b",
        ("rrn", "resident registration", "주민등록번호"),
    ),
    ("NATIONAL_ID", "lt.asmens", _ELEVEN, ("asmens kodas",)),
    ("NATIONAL_ID", "lv.pvn", r"\b\d{6}-?\d{5}\b", ("personas kods",)),
    ("NATIONAL_ID", "mx.curp", r"\b[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z0-9]\d\b", ("curp",)),
    ("TAX_ID", "mx.rfc", r"\b[A-Z]{3,4}\d{6}[A-Z0-9]{3}\b", ("rfc",)),
    ("NATIONAL_ID", "my.nric", r"\b\d{6}-?\d{2}-?\d{4}\b", ("nric", "mykad")),
    ("NATIONAL_ID", "nl.bsn", r"\b\d{4}[. ]?\d{2}[. ]?\d{3}\b", ("bsn", "burgerservicenummer")),
    ("NATIONAL_ID", "no.fodselsnummer", r"\b\d{6} ?\d{5}\b", ("fødselsnummer", "fodselsnummer")),
    ("TAX_ID", "nz.ird", r"\b\d{2,3}-?\d{3}-?\d{3}\b", ("ird",)),
    ("NATIONAL_ID", "pl.pesel", _ELEVEN, ("pesel",)),
    ("TAX_ID", "pl.nip", r"\b\d{3}-?\d{3}-?\d{2}-?\d{2}\b", ("nip",)),
    ("TAX_ID", "pt.nif", r"\b\d{3} ?\d{3} ?\d{3}\b", ("nif", "contribuinte")),
    ("NATIONAL_ID", "ro.cnp", r"\b[1-9]\d{12}\b", ("cnp", "cod numeric")),
    ("NATIONAL_ID", "se.personnummer", r"\b(?:\d{2})?\d{6}[+-]?\d{4}\b", ("personnummer",)),
    ("NATIONAL_ID", "si.emso", r"\b\d{13}\b", ("emso", "emšo")),
    ("NATIONAL_ID", "th.pin", r"\b\d-?\d{4}-?\d{5}-?\d{2}-?\d\b", ("thai id", "บัตรประชาชน")),
    ("NATIONAL_ID", "tr.tckimlik", _ELEVEN, ("tc kimlik", "kimlik")),
    ("NATIONAL_ID", "za.idnr", r"\b\d{13}\b", ("south african id", "rsa id", "id number")),
)

NATIONAL: Final = (
    *(
        Pattern(entity, shape, standard(module), words, 0.2, 0.97, f"national_{module}")
        for entity, module, shape, words in _ROWS
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
