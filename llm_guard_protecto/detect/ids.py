"""Borders of ids beside their names: what is a year, a colour, an amount or an entity is none."""

from __future__ import annotations

import re
from typing import Final

from llm_guard_protecto.detect.borders import identifier
from llm_guard_protecto.detect.checks import iban, iban_length
from llm_guard_protecto.detect.expression import expression
from llm_guard_protecto.detect.pattern import Check, Fit

__all__ = ["LABELS_ABROAD", "grouped_account", "named_id"]

_Place = tuple[int, int] | None

LABELS_ABROAD: Final = (
    "(?:(?:n°|nº|n\\.º|num\\.|núm\\.|nr\\.?|numéro|número|numero|code|codice|código|référence|referencia)"
    " ?(?:de la |del |de |do |da |di |d'|d’)?"
    "(?:clienti?|cliente|commande|dossier|facture|contrat|réservation|suivi|colis|adhérent|sinistre"
    "|pedido|factura|expediente|contrato|reserva|póliza|socio|empleado|seguimiento|siniestro|ordine"
    "|pratica|fattura|contratto|prenotazione|spedizione|tessera|dipendente|sinistro|processo|fatura"
    "|encomenda|funcionário|matrícula de empleado)"
    "|(?:auftrag|rechnung|bestellung|vorgang|vertrag|kunde|schaden|lieferung|buchung|aktenzeichen|az)"
    "[ -]?(?:nr\\.?|nummer|:))"
)
"""Names of customers', orders' and files' numbers, in the syntax of the engine."""

_LONGEST_ACCOUNT: Final = 68  # 34 signs, each with one between
_YEAR: Final = expression(r"(?:1[5-9]|20)\d\d")
_COLOUR: Final = expression(r"[0-9a-fA-F]{6}|[0-9a-fA-F]{3}|[0-9a-fA-F]{8}")
_UNIT: Final = expression(
    r" ?(?:%|percent\b|years?\b|months?\b|weeks?\b|days?\b|hours?\b|minutes?\b|people\b|patients?\b|members?\b"
    r"|customers?\b|dollars?\b|euros?\b|usd\b|eur\b|pounds?\b|miles?\b|k?m\b|km\b|mg\b|ml\b|kg\b|words?\b"
    r"|characters?\b|bytes?\b|[kmg]b\b|bpm\b|mmhg\b|calories\b|points?\b|times\b)",
    re.IGNORECASE,
)
_ISSUE: Final = expression(r"\b(?:closes|fixes|issue|pull|refs?|see|bug|pr) #\Z", re.IGNORECASE)
_TECHNICAL: Final = expression(
    r"x86[-_]64|utf-?\d+|iso-?\d+(?:-\d+)*|sha-?\d+|aes-?\d+|rfc-?\d+|amd64|win\d+|ipv\d",
    re.IGNORECASE,
)
_COMMIT: Final = expression(r"(?=.{8,40}\Z)[0-9a-f]*\d[a-f]+\d+[a-f][0-9a-f]*")
_DATE: Final = expression(r"\d{1,2}-\d{1,2}-\d{2,4}|(?:19|20)\d\d-\d{1,2}(?:-\d{1,2})?")


def named_id(check: Check, fewest: int = 4) -> Fit:
    """As `borders.identifier`, but no plain year, date, amount, colour or character entity."""
    whole = identifier(check, fewest)

    def fit(text: str, start: int, end: int) -> _Place:
        place = whole(text, start, end)
        if place is None:
            return None
        first, last = place
        value, before = text[first:last], text[max(0, first - 2) : first]
        if before.endswith("#") and (
            before[:1] in ("&", "[", "(")
            or _COLOUR.fullmatch(value)
            or _ISSUE.search(text, max(0, first - 12), first)
        ):
            return None
        if (
            _TECHNICAL.fullmatch(value)
            or _COMMIT.fullmatch(value)
            and before[-2:-1] not in (":", "=", "#")
        ):
            return None
        if before[-1:] in ("$", "€", "£", "<", ">", "±", "~") or _UNIT.match(text, last):
            return None
        if (
            _DATE.fullmatch(value)
            or text[last : last + 1] == "."
            and text[last + 1 : last + 2].isdigit()
        ):
            return None
        if _YEAR.fullmatch(value) and before.rstrip()[-1:] not in (":", "=", "#", ">", '"', "'"):
            return None
        return place

    return fit


def grouped_account(text: str, start: int, _end: int) -> _Place:
    """An account number of ISO 13616 at the start of a candidate, however it is grouped."""
    left = iban_length(text[start : start + 2])
    if not left:
        return None
    for at in range(start, min(len(text), start + _LONGEST_ACCOUNT)):
        if text[at] in " .-":
            continue
        if not text[at].isalnum():
            return None
        left -= 1
        if left == 0:
            whole = at + 1 == len(text) or not text[at + 1].isalnum()
            return (start, at + 1) if whole and iban(text[start : at + 1]) else None
    return None
