"""Ages, nationalities, names of accounts, vehicles, health and ids, read as marked text.

All people are invented; numbers are the published examples of their issuers or made up.
"""

from __future__ import annotations

import pytest

from llm_guard_protecto.detect.demonyms import DEMONYMS
from llm_guard_protecto.detect.rules import rules
from tests.marked import assert_found, assert_left_alone

# (rule, marked text): a row of the tables and a text that shows it
FOUND = [
    ("age", "a ⟦AGE:34-year-old⟧ man, a ⟦AGE:5 month old⟧ and ⟦AGE:45 years of age⟧"),
    ("age_short", "⟦AGE:45yo⟧ male, ⟦AGE:67 y.o.⟧ female, ⟦AGE:33 y/o⟧"),
    ("age_words", "her ⟦AGE:seventy-one-year-old⟧ aunt and a ⟦AGE:six month old⟧"),
    ("age_abroad", "ist ⟦AGE:45 Jahre alt⟧; il a ⟦AGE:62 ans⟧; tiene ⟦AGE:30 años⟧"),
    ("age_number", "he died aged ⟦AGE:71⟧. Age: ⟦AGE:45⟧, Alter: ⟦AGE:46⟧"),
    ("age_number", '{"age": ⟦AGE:45⟧, "n": 45} and age=⟦AGE:46⟧ at the age of ⟦AGE:9⟧'),
    ("age_turned", "she turned ⟦AGE:40⟧ in the hospital"),
    ("age_decade", "a woman in her ⟦AGE:mid-50s⟧ or in her ⟦AGE:thirties⟧"),
    ("nationality_of_person", "Ana is a ⟦NATIONALITY:Brazilian⟧ citizen"),
    (
        "nationality_of_person",
        "a ⟦NATIONALITY:German⟧ passport; two ⟦NATIONALITY:Nigerian⟧ students",
    ),
    (
        "nationality_named",
        "Nationality: ⟦NATIONALITY:Dutch⟧, Staatsangehörigkeit: ⟦NATIONALITY:deutsch⟧",
    ),
    ("nationality_named", '{"nationality": "⟦NATIONALITY:Kenyan⟧"}'),
    (
        "nationality_is",
        "I am ⟦NATIONALITY:Italian⟧. He's half ⟦NATIONALITY:Greek⟧ and she is ⟦NATIONALITY:Swiss⟧",
    ),
    ("nationality_noun", "an ⟦NATIONALITY:Englishman⟧ and a ⟦NATIONALITY:Frenchwoman⟧"),
    ("user_name", "login: ⟦USER_NAME:jdoe⟧\nusername=⟦USER_NAME:a.smith42⟧"),
    ("user_name", '{"username": "⟦USER_NAME:jane.doe⟧", "user": "⟦USER_NAME:mbrown⟧"}'),
    ("user_name", "ts=1 user=⟦USER_NAME:jdoe⟧ action=login; user ⟦USER_NAME:jdoe_42⟧ logged in"),
    ("user_home", "see /home/⟦USER_NAME:jdoe⟧/notes or C:\\Users\\⟦USER_NAME:mbrown⟧\\x"),
    ("handle", "follow ⟦USER_NAME:@maria_k⟧ on Instagram, thanks ⟦USER_NAME:@tom⟧!"),
    ("user_name", "My username is ⟦USER_NAME:jdoe⟧, her login is ⟦USER_NAME:blue_fox⟧"),
    (
        "user_name",
        "Mein Benutzername ist ⟦USER_NAME:jdoe⟧, il mio nome utente è ⟦USER_NAME:gianni⟧.",
    ),
    ("user_name", "mi nombre de usuario es ⟦USER_NAME:pepito⟧. gebruikersnaam: ⟦USER_NAME:jansen⟧"),
    ("user_name", "nom d'utilisateur: ⟦USER_NAME:mdupont⟧\no meu utilizador é ⟦USER_NAME:joao_s⟧."),
    ("handle", "cc ⟦USER_NAME:@jane-doe⟧ please"),
    ("handle", "⟦USER_NAME:@maria⟧ can you look at this?"),
    ("handle_reddit", "posted by ⟦USER_NAME:u/quiet_otter⟧ today"),
    ("handle_slack", "ask ⟦USER_NAME:<@U012AB3CD>⟧ about it"),
    # vehicles, devices, positions
    ("plate", "number plate ⟦VEHICLE_REGISTRATION_NUMBER:MA2334⟧"),
    ("plate", "licence plate ⟦VEHICLE_REGISTRATION_NUMBER:AB12 CDE⟧ is his"),
    (
        "plate",
        "Kennzeichen ⟦VEHICLE_REGISTRATION_NUMBER:B-AB 1234⟧, 车牌 ⟦VEHICLE_REGISTRATION_NUMBER:京A12345⟧",
    ),
    ("plate", "license plate: ⟦VEHICLE_REGISTRATION_NUMBER:7ABC123⟧ (California)"),
    (
        "plate",
        "plaque ⟦VEHICLE_REGISTRATION_NUMBER:AB-123-CD⟧, targa ⟦VEHICLE_REGISTRATION_NUMBER:AB 123 CD⟧",
    ),
    ("plate", "vehicle registration ⟦VEHICLE_REGISTRATION_NUMBER:MH 12 AB 1234⟧"),
    (
        "plate",
        "kenteken ⟦VEHICLE_REGISTRATION_NUMBER:12-ABC-3⟧; matrícula ⟦VEHICLE_REGISTRATION_NUMBER:1234 BCD⟧",
    ),
    ("vin", "⟦VEHICLE_IDENTIFICATION_NUMBER:1HGCM82633A004352⟧ is parked"),
    ("vin_unchecked", "VIN ⟦VEHICLE_IDENTIFICATION_NUMBER:WVWZZZ1JZXW000001⟧"),
    ("vin_short", "VIN: ⟦VEHICLE_IDENTIFICATION_NUMBER:232679GE24⟧"),
    ("imei", "IMEI ⟦IMEI:490154203237518⟧"),
    ("imei_issued", "phone lost: ⟦IMEI:35-209900-176148-1⟧"),
    ("coordinates", "at ⟦COORDINATES:37.421542, -122.085589⟧"),
    ("coordinates_named", "GPS ⟦COORDINATES:52.52, 13.40⟧ and geo:⟦COORDINATES:48.85,2.35⟧"),
    (
        "coordinates_degrees",
        "⟦COORDINATES:40°26'46\"N 79°58'56\"W⟧, ⟦COORDINATES:40.446° N, 79.982° W⟧",
    ),
    ("coordinates_degrees", "⟦COORDINATES:40° 26.767′ N 79° 58.933′ W⟧"),
    ("coordinates_degrees_after", "⟦COORDINATES:N 40.446° W 79.982°⟧"),
    ("coordinates_part", '{"lat": ⟦COORDINATES:52.5200⟧, "lng": ⟦COORDINATES:13.4050⟧}'),
    # health
    ("npi", "NPI ⟦MEDICAL_LICENSE:1234567893⟧"),
    ("dea", "DEA ⟦MEDICAL_LICENSE:AB1234563⟧"),
    ("medical_licence", "GMC number ⟦MEDICAL_LICENSE:7654321⟧"),
    ("mrn", "MRN: ⟦MRN:HX-482991⟧; patient id ⟦MRN:00482991⟧"),
    ("insurance", "Krankenversichertennummer ⟦INSURANCE_NUMBER:A123456789⟧"),
    ("insurance", "tessera sanitaria ⟦INSURANCE_NUMBER:80380000100012345678⟧"),
    ("insurance", "member id ⟦INSURANCE_NUMBER:W123456789⟧"),
    ("medicare_beneficiary", "⟦INSURANCE_NUMBER:1EG4-TE5-MK72⟧"),
    ("health_insurance_de", "Versichertennummer ⟦INSURANCE_NUMBER:A123456780⟧"),
    ("medicare_au", "Medicare card ⟦INSURANCE_NUMBER:2123 45670 1⟧"),
    # ids
    ("custom_id", "employee id ⟦CUSTOM_ID:48213⟧ and customer no. ⟦CUSTOM_ID:K-20391⟧"),
    ("custom_id", "order number ⟦CUSTOM_ID:4155552671⟧ of order #⟦CUSTOM_ID:112-3941689-8772232⟧"),
    ("custom_id", '{"ticket_id": "⟦CUSTOM_ID:INC0012345⟧", "case_number": ⟦CUSTOM_ID:883210⟧}'),
    (
        "custom_id_abroad",
        "numéro de client ⟦CUSTOM_ID:774421⟧, n° de commande: ⟦CUSTOM_ID:88-1234⟧",
    ),
    (
        "custom_id_abroad",
        "número de pedido ⟦CUSTOM_ID:123456⟧, codice cliente: ⟦CUSTOM_ID:AB12345⟧",
    ),
    (
        "custom_id_abroad",
        "Auftrag Nr. ⟦CUSTOM_ID:2023-1177⟧, nº de expediente ⟦CUSTOM_ID:2023/4471⟧",
    ),
    ("custom_id", "Kundennummer ⟦CUSTOM_ID:4711-20⟧"),
]

NOT_FOUND = [
    "turned 90 degrees, turned 180 and left",
    "thanks @channel and @here, a vote at 12",
    "5 years of experience, 3 months ago, 2 weeks old news",
    "a 12-year-old whisky, an 18 year old single malt, a 200-year-old house",
    "Cache-Control: max-age: 3600, s-maxage=45",
    "/* age2: 60*60 */ td.age10 { color: red }",
    "numéro de téléphone, code client inconnu, Auftrag Nr. fehlt, código de pedido 12",
    "storage: 45, page 45, image 12",
    "Danish pastry, French fries, Swiss cheese, Italian food",
    "the Australian national team and the Russian national anthem, a ten-year-old statement",
    "German engineering is known; the English language; a Turkish bath",
    "She is Swiss-made. The sauce is French.",
    "polish the table, the Thai curry was good",
    "@property\ndef name(self): ...",
    "@app.route('/x')\n@pytest.fixture\n@Override\npublic void run() {}",
    "void f(@Nullable String x, @NotNull int y)",
    "npm install @babel/core @types/node",
    "    * @param name the name\n * @return nothing",
    "@media screen { a { color: red } }",
    "mail me at user@localhost",
    "connect(user=user, login=None, username=self.username)",
    "def login(user: str, username: Optional[str] = None) -> User:",
    "user: string;\nusername: required",
    "the user is required to log in as an administrator",
    "{'UserDict': 'collections', HandlerClass=handler_class, user.userCount}",
    "/**\n * verify:\n * @buf:   the input buffer.\n * @enc_file:  the file\n * @major: major version\n */",
    "var Node = /** @class */ (function () {",
    'def deco(f):\n    """@wrapped decorator."""',
    "O usuário é novo. Der Benutzer ist neu. output({\n  user,\n  org,\n})",
    "handle = 'closed'",
    "users can sign in; user sign-in page; user opt-out",
    "/home/user/x /Users/Shared/y /home/runner/work",
    "plate tectonics, plate 4 of 200",
    "the plates were 20 cm wide",
    "lat: 91, version 37.42, 12.5",
    "prices of 12.50, 13.40 and 99.9999",
    "it is 40° outside and 20°C inside",
    "40°99'46\"N is no position",
    "IMEI 490154203237519",
    "350000000000000",
    "NPI 1234567890 and DEA AB1234567",
    "in order 1, case 2, file 3",
    "case number pending, order no longer needed",
    "ticket price 4500",
    "case 12345: break;",
    "client code 42",
]


@pytest.mark.parametrize(("rule", "marked"), FOUND, ids=lambda value: value[:40])
def test_finds_what_is_marked(rule: str, marked: str) -> None:
    assert_found(rule, marked)


@pytest.mark.parametrize("text", NOT_FOUND, ids=lambda value: value[:40])
def test_leaves_near_misses_alone(text: str) -> None:
    assert_left_alone(text)


@pytest.mark.parametrize("word", sorted(DEMONYMS))
def test_every_demonym_counts_beside_its_label(word: str) -> None:
    text = f"nationality: {word.title()}"
    assert [s.entity for s in rules().scan(text)] == ["NATIONALITY"]
