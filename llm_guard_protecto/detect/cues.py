"""The context words: what the values of a type are called, in the languages we read.

A blank also stands for a hyphen, an underscore, a dot or nothing; case does not matter.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "ACCOUNT",
    "BORN",
    "CARD",
    "DISCHARGED",
    "FAX",
    "IP",
    "PHONE",
    "PLACE_OF_PHONE",
    "SITE",
    "SSN",
    "TURNS",
    "VERSION",
]

BORN: Final[tuple[str, ...]] = (
    *("born", "dob", "d.o.b", "d.o.b.", "date of birth", "birth date", "birthdate", "birthday"),
    *("bday", "geboren", "geb.", "geburtsdatum", "geburtstag", "né le", "née le", "né(e) le"),
    *("date de naissance", "naissance", "fecha de nacimiento", "nacido", "nacida", "nacimiento"),
    *("nato il", "nata il", "data di nascita", "nascita", "data de nascimento", "nascimento"),
    *("nascido", "nascida", "geboortedatum", "geboren op"),
)
DISCHARGED: Final[tuple[str, ...]] = (
    "discharged",
    "discharge date",
    "date of discharge",
    "dc date",
)
PHONE: Final[tuple[str, ...]] = (
    *("phone", "phones", "telephone", "tel", "mobile", "mob", "cell", "cellphone", "cellular"),
    *("call", "calling", "called", "dial", "ring", "text", "sms", "whatsapp", "hotline", "fax"),
    *("helpline", "landline", "voicemail", "reach", "reached", "answering", "contact", "ph"),
    *("my number", "his number", "her number", "their number", "your number", "phone number"),
    *("messages to", "message to", "contact number", "callback", "call back"),
    *("telefon", "telefonnummer", "rufnummer", "handy", "handynummer", "durchwahl"),
    *("téléphone", "portable", "móvil", "movil", "teléfono", "telefono", "cellulare", "celular"),
    *("telefone", "telemóvel", "telefoon", "mobiel", "gsm", "phonenumber", "phoneno", "signal"),
)
PLACE_OF_PHONE: Final[tuple[str, ...]] = (
    "office",
    "desk",
    "home",
    "work",
    "direct",
    "main",
    "switchboard",
)
FAX: Final[tuple[str, ...]] = ("fax", "facsimile", "telefax", "fax number", "fax no")
CARD: Final[tuple[str, ...]] = (
    *("card", "cards", "credit", "debit", "cc", "visa", "mastercard", "amex", "maestro", "pan"),
    *("discover", "diners", "jcb", "unionpay", "kreditkarte", "karte", "carte", "tarjeta"),
    *("carta", "cartão", "creditcard", "cardnumber", "card number", "payment"),
)
SSN: Final[tuple[str, ...]] = (
    "ssn",
    "ssns",
    "social security",
    "social sec",
    "soc sec",
    "social",
    "ss#",
    "ss no",
)
ACCOUNT: Final[tuple[str, ...]] = (
    *("account", "acct", "a/c", "account number", "account no", "accountnumber", "acct no"),
    *("bank account", "checking", "savings", "konto", "kontonummer", "kto", "compte", "cuenta"),
    *("conto", "conta", "rekening"),
)
IP: Final[tuple[str, ...]] = (
    *("ip", "ips", "ipv4", "host", "server", "address", "addr", "dns", "ping", "gateway", "router"),
    *("subnet", "resolver", "nameserver", "ip address", "client", "remote"),
)
VERSION: Final[tuple[str, ...]] = (
    *("version", "versions", "ver", "ver.", "release", "build", "firmware", "kernel", "driver"),
    *("update", "upgrade", "patch", "revision", "rev", "section", "chapter", "clause", "figure"),
)
SITE: Final[tuple[str, ...]] = (
    "site",
    "website",
    "webpage",
    "domain",
    "visit",
    "url",
    "homepage",
    "www",
    "link",
)

TURNS: Final[tuple[tuple[str, tuple[str, ...], str], ...]] = (
    # an entity, the words just before it, what it is then
    ("DATE_TIME", BORN, "DATE_OF_BIRTH"),
    ("DATE_TIME", DISCHARGED, "DISCHARGE_DATE"),
    ("PHONE_NUMBER", FAX, "FAX_NUMBER"),
)
