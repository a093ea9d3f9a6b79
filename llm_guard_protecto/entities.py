"""The entity table: every type we can find, its default wrapper tag and how its tokens look.

Names and tags are Protecto's where Protecto has them; the others follow Presidio's names.
Adding an entity is one row here and the rules that find it in `detect/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["ENTITIES", "Entity", "Family", "Unit"]

Unit = Literal["word", "digits", "email", "url", "value"]
"""What one token run stands for: a word, a digit group, a side of an `@`, a URL part, or all."""

Family = Literal["person", "contact", "place", "organisation", "number", "secret", "context"]
"""What kind of fact the entity is; the built-in policies are drawn along these lines."""


@dataclass(frozen=True, slots=True)
class Entity:
    """One row: `tag` is what stands between the angle brackets of the default wrapper."""

    name: str
    tag: str
    family: Family
    category: Literal["PII", "PHI", "PCI", "SECRET"] = "PII"
    unit: Unit = "value"
    description: str = ""


_ROWS = (
    Entity("PERSON", "PER", "person", unit="word", description="Name of a person"),
    Entity("EMAIL_ADDRESS", "EMAIL", "contact", unit="email", description="E-mail address"),
    Entity("PHONE_NUMBER", "PHN", "contact", unit="digits", description="Telephone number"),
    Entity("FAX_NUMBER", "FAX_NO", "contact", unit="digits", description="Fax number"),
    Entity("ADDRESS", "ADDRESS", "place", unit="word", description="Postal address or its part"),
    Entity("LOCATION", "ADDRESS", "place", unit="word", description="Place named in passing"),
    Entity("ORG", "ORG", "organisation", unit="word", description="Company or institution"),
    Entity("DATE_OF_BIRTH", "DOB", "number", description="Date of birth"),
    Entity("US_SSN", "SSN", "number", description="US social security number"),
    Entity("US_ITIN", "ITIN", "number", description="US individual taxpayer number"),
    Entity("US_EIN", "EIN", "number", description="US employer number"),
    Entity("TAX_ID", "TAX_ID", "number", description="Tax number of any country"),
    Entity("NATIONAL_ID", "NATIONAL_ID", "number", description="National identity number"),
    Entity("PASSPORT_NUMBER", "PASSPORT_NO", "number", description="Passport number"),
    Entity("IP_ADDRESS", "IPA", "contact", description="IP or MAC address"),
    Entity("MAC_NUMBER", "DEVICE_ID", "contact", description="Device id (MAC address)"),
    Entity("IMEI", "IMEI", "number", description="Mobile device number"),
    Entity("URL", "URL", "contact", unit="url", description="Web address"),
    Entity("DRIVING_LICENSE_NUMBER", "DL_NO", "number", description="Driving licence"),
    Entity("VEHICLE_REGISTRATION_NUMBER", "VEHICLE_REG_NO", "number", description="Plate"),
    Entity("VEHICLE_IDENTIFICATION_NUMBER", "VIN", "number", description="Chassis number"),
    Entity("LICENCE_NO", "LICENCE_NO", "number", description="Licence or certificate number"),
    Entity("ACC_NO", "ACC_NO", "number", "PCI", description="Bank account number"),
    Entity("ROUTING_NUMBER", "ROUTING_NO", "number", "PCI", description="Bank routing number"),
    Entity("IBAN_CODE", "IBAN", "number", "PCI", description="International bank account"),
    Entity("CREDIT_CARD", "CRD", "number", "PCI", description="Payment card number"),
    Entity("CRYPTO", "CRYPTO", "number", "PCI", description="Crypto wallet address"),
    Entity("MRN", "MRN", "number", "PHI", description="Medical record number"),
    Entity("INSURANCE_NUMBER", "INSURANCE_NO", "number", "PHI", description="Insurance number"),
    Entity("MEDICAL_LICENSE", "MEDICAL_LICENSE", "number", "PHI", description="NPI, DEA and like"),
    Entity("DISCHARGE_DATE", "DISCHARGE_DATE", "number", "PHI", description="Discharge date"),
    Entity("COORDINATES", "COORDINATES", "place", description="Latitude and longitude"),
    Entity("API_KEY", "API_KEY", "secret", "SECRET", description="API key or access token"),
    Entity("PASSWORD", "PASSWORD", "secret", "SECRET", description="Password or passphrase"),
    Entity("PRIVATE_KEY", "PRIVATE_KEY", "secret", "SECRET", description="Private key block"),
    Entity("USER_NAME", "USER_NAME", "context", unit="word", description="Login or handle"),
    Entity("UUID", "UUID", "context", description="Universally unique id"),
    Entity("CUSTOM_ID", "ID", "context", description="Customer, order or case id"),
    Entity("DATE_TIME", "DATE_TIME", "context", description="Any other date or time"),
    Entity("AGE", "AGE", "context", description="Age of a person"),
    Entity("NATIONALITY", "NATIONALITY", "context", unit="word", description="Nationality"),
)

ENTITIES: dict[str, Entity] = {row.name: row for row in _ROWS}
