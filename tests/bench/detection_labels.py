"""What each engine's types are called by the scorer of the data folder, in one table.

Types the scorer does not know are its "don't care": they may be found, and cost nothing.
"""

from __future__ import annotations

from typing import Final

from llm_guard_protecto.entities import ENTITIES

__all__ = ["CONTEXT", "LABELS", "label"]

CONTEXT: Final = "MISC"

_LABELS = {
    "PERSON": "PERSON",
    "ORG": "ORG",
    "LOCATION ADDRESS COORDINATES": "LOCATION",
    "EMAIL_ADDRESS": "EMAIL",
    "PHONE_NUMBER FAX_NUMBER": "PHONE",
    "URL": "URL",
    "IP_ADDRESS MAC_NUMBER": "IP",
    "CREDIT_CARD": "CARD",
    "IBAN_CODE ACC_NO ROUTING_NUMBER CRYPTO": "IBAN",
    "US_SSN US_ITIN US_EIN TAX_ID NATIONAL_ID PASSPORT_NUMBER IMEI DRIVING_LICENSE_NUMBER "
    "VEHICLE_REGISTRATION_NUMBER VEHICLE_IDENTIFICATION_NUMBER LICENCE_NO MRN INSURANCE_NUMBER "
    "MEDICAL_LICENSE": "ID",
    "API_KEY PASSWORD PRIVATE_KEY": "SECRET",
    "DATE_TIME DATE_OF_BIRTH DISCHARGE_DATE": "DATE",
    "USER_NAME UUID CUSTOM_ID AGE NATIONALITY": CONTEXT,
}

LABELS: Final = {entity: name for names, name in _LABELS.items() for entity in names.split()}
"""Our entities. What only says something in context (ages, handles ...) is "don't care"."""

# What Presidio and spaCy call by names that neither we nor the scorer know.
_THEIRS: Final = {
    "ORGANIZATION": "ORG",
    "GPE": "LOCATION",
    "LOC": "LOCATION",
    "FAC": "LOCATION",
    "PER": "PERSON",
    "US_BANK_NUMBER": "IBAN",
    "US_PASSPORT": "ID",
    "US_DRIVER_LICENSE": "ID",
    "UK_NHS": "ID",
    "UK_NINO": "ID",
    "DATE": "DATE",
    "TIME": "DATE",
    "NRP": CONTEXT,
    "NORP": CONTEXT,
}


def label(entity: str, *, dates: bool = True) -> str:
    """The scorer's name of an engine's type; with `dates` false a plain date is "don't care".

    A date of birth counts either way: it is one of the things our own marked prompts mark, while
    of other dates they mark only those that say a day, which is no fair test of anybody.
    """
    if not dates and entity in {"DATE_TIME", "DATE", "TIME"}:
        return CONTEXT
    return LABELS.get(entity) or _THEIRS.get(entity, entity)


assert set(LABELS) == set(ENTITIES), "every entity of ours has a row"
