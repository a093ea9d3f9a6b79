"""The context words: what the values of a type are called, in the languages we read.

A blank also stands for a hyphen, an underscore, a dot or nothing; case does not matter.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "ACCOUNT",
    "BANK_CODE",
    "BORN",
    "CARD",
    "COORDINATES",
    "DISCHARGED",
    "DRIVING",
    "EIN",
    "FAX",
    "IMEI",
    "INSURANCE",
    "IP",
    "LICENCE",
    "MEDICAL_LICENCE",
    "MRN",
    "PASSPORT",
    "PHONE",
    "PLACE_OF_PHONE",
    "PLATE",
    "ROUTING",
    "SITE",
    "SOCIAL",
    "SSN",
    "TURNS",
    "VERSION",
    "VIN",
    "WALLET",
]

BORN: Final[tuple[str, ...]] = (
    *("born", "dob", "d.o.b", "d.o.b.", "date of birth", "birth date", "birthdate", "birthday"),
    *("bday", "geboren", "geb.", "geburtsdatum", "geburtstag", "né le", "née le", "né(e) le"),
    *("date de naissance", "naissance", "fecha de nacimiento", "nacido", "nacida", "nacimiento"),
    *("nato il", "nata il", "data di nascita", "nascita", "data de nascimento", "nascimento"),
    *("nascido", "nascida", "geboortedatum", "geboren op"),
)
DISCHARGED: Final[tuple[str, ...]] = (
    *("discharged", "discharge", "discharge date", "date of discharge", "dc date", "d/c date"),
    *("discharged on", "discharged home", "entlassen", "entlassung", "entlassungsdatum"),
    *("date de sortie", "fecha de alta", "data di dimissione", "data de alta", "ontslagdatum"),
)
PHONE: Final[tuple[str, ...]] = (
    *("phone", "phones", "telephone", "tel", "mobile", "mob", "cell", "cellphone", "cellular"),
    *("call", "calling", "called", "dial", "ring", "text", "sms", "whatsapp", "hotline", "fax"),
    *("helpline", "landline", "voicemail", "reach", "reached", "contact", "ph", "phone number"),
    *("my number", "his number", "her number", "their number", "your number"),
    *("contact number", "callback", "call back"),
    *("telefon", "telefonnummer", "rufnummer", "handy", "handynummer", "durchwahl"),
    *("téléphone", "portable", "móvil", "movil", "teléfono", "telefono", "cellulare", "celular"),
    *("telefone", "telemóvel", "telefoon", "mobiel", "gsm", "phonenumber", "phoneno", "signal"),
    *("texting", "texted", "txt", "rang", "phoned", "pager", "toll free", "my new number"),
    *("new number", "phone no", "cell no", "mobile no", "imessage", "viber"),
    *(
        "telf",
        "tél",
        "tlf",
        "tfno",
        "mobil",
        "mobilnummer",
        "festnetz",
        "anrufen",
        "ruf mich",
        "rufen sie",
    ),
    *("ruf an", "erreichbar", "erreichen", "telefonisch", "rückruf", "meine nummer"),
    *("appelez", "appeler", "appelle", "rappeler", "rappelez", "joindre", "joignable", "contacter"),
    *("contactez", "mon numéro", "son numéro", "fixe", "gsm", "télécopie"),
    *(
        "llama",
        "llame",
        "llamar",
        "llámame",
        "llamame",
        "llámeme",
        "mi número",
        "su número",
        "contactar",
    ),
    *(
        "fijo",
        "celulares",
        "chiama",
        "chiamami",
        "chiamare",
        "chiamatemi",
        "mio numero",
        "suo numero",
    ),
    *(
        "recapito",
        "cell",
        "cellulari",
        "contattare",
        "contattami",
        "fisso",
        "ligue",
        "ligar",
        "me liga",
    ),
    *("telefonar", "meu número", "contato", "contacto", "contactar", "bel me", "bel mij", "bellen"),
    *("bereikbaar", "bereiken", "mijn nummer", "telefoonnummer", "mobiele nummer", "vast nummer"),
    *("telefonszám", "telefonní", "komórka", "zadzwoń", "ring meg", "ring mig", "puhelin", "puh"),
    *("電話", "电话", "手机", "전화", "телефон", "тел", "هاتف", "τηλ"),
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
FAX: Final[tuple[str, ...]] = (
    *(
        "fax",
        "facsimile",
        "telefax",
        "fax number",
        "fax no",
        "télécopie",
        "télécopieur",
        "faxnummer",
    ),
)
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
    *(
        "conto",
        "conta",
        "rekening",
        "rekeningnummer",
        "kontonr",
        "konto nr",
        "bankkonto",
        "girokonto",
    ),
    *("numéro de compte", "n° de compte", "compte bancaire", "número de cuenta", "cuenta bancaria"),
    *("cuenta corriente", "numero di conto", "conto corrente", "número da conta", "conta corrente"),
    *("conta bancária", "bankrekening"),
)
IP: Final[tuple[str, ...]] = (
    *("ip", "ips", "ipv4", "host", "server", "address", "addr", "dns", "ping", "gateway", "router"),
    *("subnet", "resolver", "nameserver", "ip address", "client", "remote"),
)
VERSION: Final[tuple[str, ...]] = (
    *("version", "versions", "ver", "ver.", "release", "build", "firmware", "kernel", "driver"),
    *("update", "upgrade", "patch", "revision", "rev", "section", "chapter", "clause", "figure"),
)
ROUTING: Final[tuple[str, ...]] = (
    *("routing", "routing number", "routing no", "aba", "aba number", "rtn", "transit", "ach"),
    *("bank code", "wire"),
)
BANK_CODE: Final[tuple[str, ...]] = ("blz", "bankleitzahl", "bank code", "code banque", "clearing")
EIN: Final[tuple[str, ...]] = (
    *("ein", "employer id", "employer identification", "fein", "federal tax", "tax id", "tin"),
)
DRIVING: Final[tuple[str, ...]] = (
    *("driver's license", "drivers license", "driver license", "driver’s license"),
    *("driving licence", "driving license", "driver's licence", "drivers licence"),
    *("driver licence", "driver’s licence", "licence to drive", "dl", "dl no", "dl number", "dl#"),
    *("führerschein", "führerscheinnummer", "permis de conduire", "licencia de conducir"),
    *("permiso de conducir", "patente di guida", "patente", "carta de condução", "cnh"),
    *(
        "rijbewijs",
        "rijbewijsnummer",
        "prawo jazdy",
        "körkort",
        "führerschein nr",
        "numéro de permis",
    ),
    *("carnet de conducir", "número de licencia", "carteira de motorista", "carta de conducao"),
)
PASSPORT: Final[tuple[str, ...]] = (
    *("passport", "passports", "passport number", "passport no", "passport #", "travel document"),
    *("reisepass", "reisepassnummer", "passnummer", "passeport", "pasaporte", "passaporto"),
    *("passaporte", "paspoort", "paspoortnummer", "paszport", "pasaport", "护照", "паспорт"),
)
LICENCE: Final[tuple[str, ...]] = (
    *("license number", "licence number", "license no", "licence no", "license #", "licence #"),
    *("certificate number", "certificate no", "permit number", "permit no", "registration no"),
    *("license id", "licence id", "lic no", "lic #", "licencia no"),
    *("bar number", "state bar", "certification number", "lizenznummer", "numéro de licence"),
)
MRN: Final[tuple[str, ...]] = (
    *("mrn", "mrn#", "mr no", "mr number", "medical record", "medical record number"),
    *("medical record no", "medical records", "patient id", "patient number", "patient no"),
    *("patient identifier", "chart number", "chart no", "chart #", "hospital number"),
    *("hospital no", "hospital id", "health record", "unit number", "encounter number"),
    *("accession number", "specimen id", "case record", "patientennummer", "fallnummer"),
    *("numéro de dossier", "historia clínica", "cartella clinica", "prontuário", "patienten nr"),
    *("patienten id", "fall nr", "dossier médical", "numéro patient", "número de historia", "nhc"),
    *("patiëntnummer", "processo clínico"),
)
INSURANCE: Final[tuple[str, ...]] = (
    *("insurance", "insurance number", "insurance no", "insurance id", "policy number"),
    *("policy no", "policy id", "policy #", "member id", "member number", "member no"),
    *("membership number", "medicare", "medicaid", "subscriber id", "subscriber number"),
    *("subscriber no", "beneficiary", "beneficiary number", "health plan", "group number"),
    *("group no", "payer id", "insured id", "claim number", "claim no", "policyholder"),
    *("health card", "healthcare number", "versicherungsnummer", "versichertennummer"),
    *("police d'assurance", "numéro d'assuré", "número de póliza", "póliza", "polizza"),
    *("apólice", "polisnummer", "krankenversichertennummer", "krankenversicherungsnummer"),
    *(
        "krankenversicherung",
        "krankenkasse",
        "versicherungsschein",
        "numéro de mutuelle",
        "carte vitale",
    ),
    *(
        "numéro de police",
        "tarjeta sanitaria",
        "número de afiliado",
        "tessera sanitaria",
        "numero polizza",
    ),
    *("cartão de saúde", "plano de saúde", "carteirinha", "verzekeringsnummer", "polis nummer"),
)
MEDICAL_LICENCE: Final[tuple[str, ...]] = (
    *("medical license", "medical licence", "medical license number", "physician license"),
    *("medical licence number", "nursing license", "nursing licence", "license to practice"),
    *("gmc", "gmc number", "gmc no", "nmc pin", "nmc number", "gphc", "ahpra", "ahpra number"),
    *("medical registration", "approbationsnummer", "lanr", "arztnummer", "rpps", "colegiado"),
    *("pharmacy license", "pharmacist license", "dental license", "upin", "clia"),
)
PLATE: Final[tuple[str, ...]] = (
    *("license plate", "licence plate", "number plate", "plate", "plates", "plate number"),
    *("plate no", "registration number", "registration no", "reg no", "reg number", "reg plate"),
    *("vehicle registration", "vehicle reg", "vehicle number", "vrm", "vrn", "rego", "car reg"),
    *("tag number", "licence plates", "license plates", "kennzeichen"),
    *("nummernschild", "immatriculation", "immatriculé", "plaque", "matrícula", "matricula"),
    *("targa", "placa", "placas", "patente", "kenteken", "nummerplaat", "rejestracyjny"),
    *("车牌", "车牌号", "номер", "госномер", "번호판"),
)
VIN: Final[tuple[str, ...]] = (
    *("vin", "vin no", "vin number", "chassis", "chassis number", "vehicle identification"),
    *("vehicle", "frame number", "fahrgestellnummer", "fin", "bastidor", "telaio", "chassi"),
)
IMEI: Final[tuple[str, ...]] = (
    *("imei", "imei number", "imei no", "device id", "handset", "meid", "serial", "handset id"),
)
COORDINATES: Final[tuple[str, ...]] = (
    *("coordinates", "coords", "coordinate", "gps", "lat", "latitude", "lon", "lng", "longitude"),
    *("latlng", "lat/lon", "lat/long", "lat long", "lat lon", "geo", "geolocation", "geopoint"),
    *("koordinaten", "coordonnées", "coordenadas", "coordinate geografiche"),
)
SOCIAL: Final[tuple[str, ...]] = (
    *("twitter", "instagram", "insta", "ig", "tiktok", "telegram", "mastodon", "threads"),
    *("bluesky", "snapchat", "facebook", "linkedin", "youtube", "twitch", "discord", "slack"),
    *("github", "gitlab", "reddit", "handle", "handles", "username", "user name", "follow"),
    *("tweeted", "retweet", "tweet", "dm", "mention", "mentioned", "tag", "tagged", "profile"),
)
WALLET: Final[tuple[str, ...]] = (
    *("solana", "sol", "wallet", "wallet address", "phantom", "crypto", "usdc", "spl"),
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
