"""Streets, units, boxes, postal codes and towns, read as marked text. All addresses are invented."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_guard_protecto.detect.postcodes import POSTCODES
from llm_guard_protecto.detect.rules import rules
from llm_guard_protecto.detect.streets import STREETS
from tests.marked import assert_found, assert_left_alone, mark, unmark

# (rule, marked text): a row of the tables and a text that shows it
FOUND = [
    ("street", "residing at ⟦ADDRESS:123 Maple Street⟧, ⟦ADDRESS:Apt 456⟧, ⟦ADDRESS:Springfield⟧, and"),
    ("street", "⟦ADDRESS:12 main st⟧ is mine, ⟦ADDRESS:350 5th Ave N⟧ is his"),
    ("street", "⟦ADDRESS:12 MAIN ST⟧, then ⟦ADDRESS:2202 Rissik Street⟧."),
    ("street", "he left ⟦ADDRESS:48 Oak Court⟧ and moved to ⟦ADDRESS:7 St. Mary's Close⟧."),
    ("street", "the office is at 17031 ⟦ADDRESS:2202 Rissik Street⟧"),
    ("street_before_city", "⟦ADDRESS:512 Walker Spurs⟧\n⟦ADDRESS:Port John⟧, ⟦ADDRESS:TX 12345⟧"),
    ("street_highway", "⟦ADDRESS:1500 Highway 61⟧, ⟦ADDRESS:201 Broadway⟧"),
    ("street_french", "⟦ADDRESS:12 bis, avenue Victor Hugo⟧ ou ⟦ADDRESS:8 rue de la Paix⟧"),
    ("street_french", "⟦ADDRESS:15, rue du faubourg neuf⟧, ⟦ADDRESS:75008 paris⟧"),
    ("street_southern", "⟦ADDRESS:Calle de Alcalá, 42⟧; ⟦ADDRESS:C/ Mayor 5⟧; ⟦ADDRESS:Via Garibaldi 7/A⟧"),
    ("street_southern", "⟦ADDRESS:Rua Augusta, n.º 100⟧, ⟦ADDRESS:1100-053 Lisboa⟧"),
    ("street_southern", "⟦ADDRESS:calle mayor 5⟧, ⟦ADDRESS:28013 madrid⟧"),
    ("street_germanic", "⟦ADDRESS:Musterstraße 12a⟧, ⟦ADDRESS:Lange Str. 5⟧, ⟦ADDRESS:Keizersgracht 101⟧"),
    ("street_germanic", "⟦ADDRESS:Birkenweg 3⟧ und ⟦ADDRESS:Marktplatz 5⟧, ⟦ADDRESS:8001 Zürich⟧"),
    ("street_german_place", "⟦ADDRESS:Am Hang 3⟧, ⟦ADDRESS:79100 Freiburg im Breisgau⟧"),
    ("street_southern", "⟦ADDRESS:ul. Gagarina, d. 130⟧, ⟦ADDRESS:kv. 4⟧; ⟦ADDRESS:Jl. Sudirman No. 12⟧"),
    ("street_southern", "⟦ADDRESS:Trg bana Jelačića 5⟧, ⟦ADDRESS:HR-10000 Zagreb⟧"),
    ("street_southern", "⟦ADDRESS:Bulevar Artigas 2434⟧ y ⟦ADDRESS:Carrer de Mallorca 401⟧"),
    ("street_germanic", "⟦ADDRESS:Kirkegata 12⟧, ⟦ADDRESS:0153 Oslo⟧; ⟦ADDRESS:Odensbacken 22⟧, ⟦ADDRESS:432 42 Ystad⟧"),
    ("street_german_place", "⟦ADDRESS:An der Mühle 14-16⟧, ⟦ADDRESS:28686 Kassel⟧"),
    ("street_german_place", "⟦ADDRESS:Am Kogel 6/5⟧, ⟦ADDRESS:A-8010 Graz⟧"),
    ("street_southern", "⟦ADDRESS:Avenue Louise 21⟧, ⟦ADDRESS:1050 Bruxelles⟧; ⟦ADDRESS:Rue du Moulin 4⟧, ⟦ADDRESS:CH-1204 Genève⟧"),
    ("postcode_of_country", "⟦ADDRESS:A-9011 Neustadt⟧\n⟦ADDRESS:CH-3900 Brig⟧"),
    ("postcode_before_street", "⟦ADDRESS:9011 Neustadt⟧, ⟦ADDRESS:Wiener Straße 89⟧; ⟦ADDRESS:1793 Tiszavár⟧, ⟦ADDRESS:Fő utca 5⟧"),
    ("postcode_lived_in", "wohnhaft in ⟦ADDRESS:09221 Neukirchen⟧, demeurant ⟦ADDRESS:24000 Montbel⟧"),
    ("postcode_known_city", "⟦ADDRESS:28046 - Madrid⟧ y ⟦ADDRESS:28023. Madrid⟧"),
    ("street_before_code", "⟦ADDRESS:Korekamp 15⟧\n⟦ADDRESS:47809 Krefeld⟧"),
    ("street_germanic", "der ⟦ADDRESS:Erich-Muster-Platz 5⟧, Tel. folgt"),
    ("street_labelled", "Domicilio: ⟦ADDRESS:Zapatari Kalea, 3⟧, 2A; Address: ⟦ADDRESS:14 Ben Yehuda⟧\n"),
    ("street_labelled", '{"street": "⟦ADDRESS:Kneza Mihaila 12⟧", "Anschrift": "⟦ADDRESS:Sonnblick 32⟧"}'),
    ("eircode", "⟦ADDRESS:12 Mill Road⟧, ⟦ADDRESS:Ennis⟧, ⟦ADDRESS:V95 X2Y3⟧"),
    ("city_after_street", "⟦ADDRESS:22 Gandhi Marg⟧, ⟦ADDRESS:New Delhi 110001⟧, and ⟦ADDRESS:5 Rata Road⟧, ⟦ADDRESS:Nelson 7010⟧."),
    ("street_eastern", "⟦ADDRESS:Petőfi utca 12⟧, Szeged; ⟦ADDRESS:Ahorn Allé 43 B⟧, ⟦ADDRESS:8377 Holbæk⟧"),
    ("street_eastern", "lives at ⟦ADDRESS:Atatürk Caddesi No:12⟧, or ⟦ADDRESS:Gül Sok. No: 7⟧"),
    ("street_eastern", "⟦ADDRESS:Brīvības iela 90-3⟧, ⟦ADDRESS:LV-1010 Riga⟧"),
    ("street_numbered_after", "⟦ADDRESS:Monot Street 172⟧, 1107 Beirut"),
    ("street_before_code", "Send it to ⟦ADDRESS:Vinohradská 207⟧, ⟦ADDRESS:120 00 Praha⟧"),
    ("street_before_code", "⟦ADDRESS:Kwiatowa 34/36 m. 7⟧, ⟦ADDRESS:78-981 Opole⟧"),
    ("street_before_code", "⟦ADDRESS:Box 605⟧, ⟦ADDRESS:602 04 Kalmar⟧"),
    ("street_grid", "⟦ADDRESS:Calle 45 # 12-34⟧; ⟦ADDRESS:Cra. 7 No. 71-21⟧, Bogotá"),
    ("street_of_district", "⟦ADDRESS:1-2-3 Nakano-cho⟧, Osaka; ⟦ADDRESS:12 Sejong-daero⟧, Seoul"),
    ("house_number", "⟦ADDRESS:House No. 12-B⟧, Street 4; ⟦ADDRESS:Plot No. 15⟧, Sector 8"),
    ("street", "⟦ADDRESS:22 Gandhi Marg⟧, ⟦ADDRESS:7 Friars Wynd⟧, ⟦ADDRESS:6 Pitt Pde⟧"),
    ("address_unit", "⟦ADDRESS:Lange Gasse 12⟧ ⟦ADDRESS:Top 5⟧, ⟦ADDRESS:1080 Wien⟧"),
    ("address_unit", "⟦ADDRESS:Drottninggatan 5⟧ ⟦ADDRESS:lgh 1402⟧, ⟦ADDRESS:111 51 Stockholm⟧"),
    ("address_unit", "⟦ADDRESS:Level 3⟧, ⟦ADDRESS:12 Pitt Street⟧"),
    ("post_box", "⟦ADDRESS:Postboks 12⟧, ⟦ADDRESS:0101 Oslo⟧; ⟦ADDRESS:Case postale 467⟧; ⟦ADDRESS:Private Bag X4⟧"),
    ("post_box", "⟦ADDRESS:HC 8 Box 94⟧, ⟦ADDRESS:RR 2 Box 15⟧, ⟦ADDRESS:Locked Bag 12⟧, ⟦ADDRESS:Apartado 1402⟧"),
    ("address_unit", "⟦ADDRESS:Apartment 4B⟧ is on the left; ⟦ADDRESS:Suite 200⟧, ⟦ADDRESS:9 Elm Road⟧"),
    ("address_unit", "⟦ADDRESS:Flat 3⟧, ⟦ADDRESS:12 Acacia Road⟧, ⟦ADDRESS:4th Floor⟧"),
    ("post_box", "⟦ADDRESS:P.O. Box 1234⟧; ⟦ADDRESS:Postfach 12 34 56⟧, ⟦ADDRESS:10115 Berlin⟧"),
    ("military", "⟦ADDRESS:PSC 123, Box 4567⟧\n⟦ADDRESS:APO AP 12345⟧"),
    ("apo", "⟦ADDRESS:USS Baker⟧, ⟦ADDRESS:FPO AE 09323⟧"),
    ("us_zip", "in ⟦ADDRESS:Fort Worth⟧, ⟦ADDRESS:TX 76102-1234⟧, ⟦ADDRESS:USA⟧"),
    ("us_city", "lives in ⟦ADDRESS:New York⟧, ⟦ADDRESS:New York 10017⟧ now"),
    ("us_city", "lives in ⟦ADDRESS:springfield⟧, ⟦ADDRESS:il 62704⟧ now"),
    ("province_code", "⟦ADDRESS:23 George Street⟧, ⟦ADDRESS:Sydney NSW 2000⟧"),
    ("uk_postcode", "at ⟦ADDRESS:SW1A 2AA⟧ or ⟦ADDRESS:M1 1AE⟧"),
    ("uk_city", "⟦ADDRESS:10 Park Street⟧\n⟦ADDRESS:London⟧\n⟦ADDRESS:SW1A 2AA⟧\n⟦ADDRESS:UK⟧"),
    ("uk_city", "⟦ADDRESS:12 acacia road⟧, ⟦ADDRESS:leeds⟧ ⟦ADDRESS:ls1 4ab⟧"),
    ("canadian_postcode", "send it to ⟦ADDRESS:M5V 2T6⟧ please"),
    ("postcode_city", "⟦ADDRESS:Kerkstraat 12a⟧, ⟦ADDRESS:1015 CJ Buitendorp⟧, ⟦ADDRESS:Nederland⟧"),
    ("postcode_city", "⟦ADDRESS:Drottninggatan 5⟧, ⟦ADDRESS:111 51 Stockholm⟧"),
    ("postcode_known_city", "ich bin aus ⟦ADDRESS:60313 Frankfurt am Main⟧ und"),
    ("postcode_named", "zip code ⟦ADDRESS:94107⟧, PLZ: ⟦ADDRESS:10115⟧, CEP ⟦ADDRESS:01310-100⟧"),
    ("postcode_named", '{"postcode": "⟦ADDRESS:1012AB⟧"}, ZIP ⟦ADDRESS:12345-6789⟧'),
    ("city_after_street", "⟦ADDRESS:456 Elm Avenue⟧, ⟦ADDRESS:Boston⟧, and call"),
    ("country_after_code", "⟦ADDRESS:12 rue de la Paix⟧, ⟦ADDRESS:75002 Paris⟧, ⟦ADDRESS:France⟧"),
]  # fmt: skip

NOT_FOUND = [
    "3 people in the court, 2 miles down the road, 10 years on the road, 5 blocks up the street",
    "14 hours of painting, 30 days on the way, 9 Supreme Court justices, 500 Global Circle members",
    "24 Hour Drive time, 7 Seconds Way, 1 St. Mary, 21 Port St Lucie fans",
    "the 2010 backlog elimination drive has started",
    "Remembering 25 of them, Engineering 101, Spring 25 and String 5",
    "Arbeitsplatz 12, Parkplatz 5, Platz 3, unterwegs 3, Steg 4",
    "12345 Euro, 10000 Menschen, 20 Januar 1793 Frankfurt",
    "give me 20000 dollars, call me, or 12345 of them, up to MD 20 percent",
    "via port 8080, via http 2, Via 7, called plaza 5",
    "2 allées et 3 cours de Maths, 3 place de cinéma, 1 square metre would give 1366 watts",
    "R.S.C., 1985, c. R-12",
    "test suite 12, Unit 5 of the course, Room 12 is free, on the 4th floor",
    "cap of 20000, a ZIP file of 1980, the postal system of 1840, zip 5",
    "a tour of the UK in 1993 and the US in 2004; Brazil 2014, Scotland 1998",
    "B12 3CD, E5 1, AB1 2, XQ1 1AA and A1 1AA",
    "E5E 5E5 or 4K4 2B2",
    "Main Street and Fifth Avenue are streets, Apt is a package tool, box 5 of 6",
    "véase el apartado 14, apartado 5) del convenio",
    "Table 3, 120 00 Items; Phase 2, 12-345 Units; Room 5, AB-1234 Parts; Level 3 and Level 4 of the game",
    "her cesta 3; Wall Street 20 years later, Sesame Street 1969; Abbey Road 2",
    "Calle # 12, House No. 5 of the list, flat no. 7 is nice, the 12 new ro, a-cho 1",
    "the avenue Foch 12 of us, Rue Morgue 5 and Avenue Q 12; the code A12 BEEF, A12 3456",
    "part A-9011 Bracket, ID-12345 Widget; 9011 Items, Wiener Melange; 2014, Wien; 12345 Karten, Platz 3",
    "Table 3\n47809 Rows, Room 5\n12345 Words",
    "Address: 4096 Bytes\nAddress: see page 5\nAddress: Register 5\nstreet: string\nAddress: N/A",
    "address: 0x4F 12, Address line 2: 5, the street: 12 people; IP address: 12; Adresse : 5",
    "kids on top 5, the bus 12, puerta 3, lok 5, top 10, level 2",
    "item-12 Main Street.txt/3, $12 main road, 1.5 main road",
    "23:17, 2005 May 9; Monday, April 21, 2014 Attend",
]


@pytest.mark.parametrize(("rule", "marked"), FOUND, ids=lambda value: value[:40])
def test_finds_what_is_marked(rule: str, marked: str) -> None:
    assert_found(rule, marked)


@pytest.mark.parametrize("text", NOT_FOUND, ids=lambda value: value[:40])
def test_leaves_near_misses_alone(text: str) -> None:
    found = [s for s in rules().scan(text) if s.entity != "DATE_TIME"]
    assert mark(text, found) == text


def test_every_row_of_the_tables_is_shown() -> None:
    assert {p.name for p in (*STREETS, *POSTCODES)} == {rule for rule, _ in FOUND}


_LEADS = ("", "Send it to ", "She lives at ", "Adresse: ", "(", "\n")


@given(
    row=st.sampled_from([marked for _, marked in FOUND if "\n" not in marked]),
    lead=st.sampled_from(_LEADS),
)
def test_what_leads_to_an_address_changes_nothing(row: str, lead: str) -> None:
    text, spans = unmark(row)
    places = [(s.start - len(lead), s.end - len(lead)) for s in rules().scan(lead + text)]
    assert places == [(start, end) for _, start, end in spans]


def test_an_empty_line_is_no_address() -> None:
    assert_left_alone("\n\n")
