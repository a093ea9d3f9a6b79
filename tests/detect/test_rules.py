"""The pattern tables, read as marked text: what is found, what is not, what stays true of any text.

All people are invented; numbers are the published examples of their issuers or made up.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llm_guard_protecto.detect.rules import ALL, rules
from llm_guard_protecto.entities import ENTITIES
from tests.detect.test_addresses import FOUND as OF_ADDRESSES
from tests.detect.test_national import FOUND as OF_COUNTRIES
from tests.detect.test_people import FOUND as OF_PEOPLE
from tests.marked import assert_found, assert_left_alone, mark, unmark

# (rule, marked text): a row of the tables and a text that shows it
FOUND = [
    # contact
    ("email", "write to ⟦EMAIL_ADDRESS:john.doe+news@mail.example.co.uk⟧."),
    ("email", "<⟦EMAIL_ADDRESS:o'hara_7@example.org⟧>, “⟦EMAIL_ADDRESS:j@x.de⟧”"),
    ("email", "⟦EMAIL_ADDRESS:jörg@bücher.example⟧ und ⟦EMAIL_ADDRESS:a@例え.テスト⟧"),
    ("email", "联系⟦EMAIL_ADDRESS:li@example.com⟧谢谢"),
    ("url", "see ⟦URL:https://example.com/a(b)?q=1&r=[2]#top⟧)."),
    (
        "url",
        "[here](⟦URL:http://example.com/x⟧), “⟦URL:https://example.org⟧”; ⟦URL:ftp://a.example/b⟧!",
    ),
    ("url", '{"link":"⟦URL:https://example.com/a⟧"}'),
    (
        "url",
        "⟦URL:https://www.apache.org/x⟧ ⟦URL:https://w3.org.example/⟧ ⟦URL:http://www.w3.org/?q=ada⟧",
    ),
    ("url_www", "at ⟦URL:www.example.com⟧!"),
    ("url_path", "go to ⟦URL:bit.ly/3xYz⟧, then ⟦URL:shop.example.com/cart?id=7⟧."),
    ("url_bare", "visit ⟦URL:acme.com⟧ today"),
    ("phone_brackets", "you can reach her at ⟦PHONE_NUMBER:(555) 987-6543⟧"),
    ("phone_brackets", "⟦PHONE_NUMBER:(408)- 426 - 9989⟧ or ⟦PHONE_NUMBER:1 (408) 426-9989⟧"),
    ("phone_international", "⟦PHONE_NUMBER:+44 7943 582088⟧"),
    ("phone_international", "⟦PHONE_NUMBER:+1 (415) 555-2671 ext. 23⟧."),
    ("phone_international", "⟦PHONE_NUMBER:+46 (0)8 928 571 38⟧; ⟦PHONE_NUMBER:+91-98765-43210⟧"),
    ("phone_international", "⟦PHONE_NUMBER:+55 11 91234‑5678⟧ (non-breaking hyphen)"),
    ("phone_international_00", "⟦PHONE_NUMBER:00 49 30 1234567⟧, ⟦PHONE_NUMBER:0049 (0)30 123456⟧"),
    ("phone_north_american", "⟦PHONE_NUMBER:415-555-2671⟧ or ⟦PHONE_NUMBER:415.555.2671 x12⟧"),
    ("phone_north_american", "⟦PHONE_NUMBER:345-899-3560x4587⟧"),
    ("phone_national", "⟦PHONE_NUMBER:020 7946 0958⟧, ⟦PHONE_NUMBER:01 84 17 61 18⟧"),
    ("phone_national", "Ruf an: ⟦PHONE_NUMBER:0171 2345678⟧"),
    (
        "phone_context",
        '{"phone": "⟦PHONE_NUMBER:5551234567⟧", "a": "b c d e f g h i j k", "n": 5551234567}',
    ),
    ("phone_context", "Call me on ⟦PHONE_NUMBER:9472 7916⟧ please"),
    ("phone_context", "phone=⟦PHONE_NUMBER:5551234567⟧"),
    (
        "phone_context",
        "Ruf mich an: ⟦PHONE_NUMBER:612 34 56 78⟧; mon numéro est ⟦PHONE_NUMBER:612345678⟧",
    ),
    (
        "phone_context",
        "llámame al ⟦PHONE_NUMBER:612 34 56 78⟧, chiamami al ⟦PHONE_NUMBER:333 1234567⟧",
    ),
    (
        "phone_context",
        "ligue para ⟦PHONE_NUMBER:912 345 678⟧, bel me op ⟦PHONE_NUMBER:6 12 34 56 78⟧",
    ),
    ("phone_brackets", "⟦PHONE_NUMBER:(11) 96123-4567⟧ e ⟦PHONE_NUMBER:8 (912) 345-67-89⟧"),
    (
        "phone_signature",
        "Best,\nAda\n⟦PHONE_NUMBER:86 91 64 02⟧\n⟦EMAIL_ADDRESS:ada@example.com⟧",
    ),
    ("phone_signature", "Best,\nAda\nM: ⟦PHONE_NUMBER:612 345 678⟧\n"),
    ("phone_place", "⟦PHONE_NUMBER:451 5986⟧ (office)"),
    ("phone_context", "Fax: ⟦FAX_NUMBER:451 5986⟧"),
    # networks and devices
    ("ipv4", "from ⟦IP_ADDRESS:10.1.2.33⟧:8080 to ⟦IP_ADDRESS:192.168.0.1⟧/24"),
    ("ipv4_short", "⟦IP_ADDRESS:8.8.8.8⟧ is the resolver"),
    ("ipv6", "⟦IP_ADDRESS:2001:0db8:85a3:0000:0000:8a2e:0370:7334⟧"),
    ("ipv6_short", "⟦IP_ADDRESS:fe80::1ff:fe23:4567:890a⟧"),
    ("mac_address", "a device with MAC address ⟦IP_ADDRESS:00:1A:2B:3C:4D:5E⟧, works"),
    ("mac_address_dots", "interface mac ⟦IP_ADDRESS:001a.2b3c.4d5e⟧"),
    ("uuid", "id ⟦UUID:3f2504e0-4f89-11d3-9a0c-0305e82c3301⟧"),
    # money
    ("card", "⟦CREDIT_CARD:4111111111111111⟧ and ⟦CREDIT_CARD:378282246310005⟧"),
    ("card_named", "card ⟦CREDIT_CARD:584500001238⟧ and card 584500001239"),
    ("card_groups", "card ⟦CREDIT_CARD:4111 1111 1111 1111⟧, ⟦CREDIT_CARD:5555-5555-5555-4444⟧"),
    ("card_groups", "⟦CREDIT_CARD:4111.1111.1111.1111⟧"),
    ("card_amex", "⟦CREDIT_CARD:3782 822463 10005⟧"),
    ("iban", "IBAN ⟦IBAN_CODE:DE89 3704 0044 0532 0130 00⟧ today"),
    ("iban", "⟦IBAN_CODE:GB82WEST12345698765432⟧, ⟦IBAN_CODE:gb82 west 1234 5698 7654 32⟧"),
    ("iban", "⟦IBAN_CODE:DE 89 37040044 0532013000⟧; ⟦IBAN_CODE:DE89.3704.0044.0532.0130.00⟧"),
    ("iban", "⟦IBAN_CODE:de89-3704-0044-0532-0130-00⟧"),
    ("iban", "⟦IBAN_CODE:DE89370400440532013000⟧ ⟦IBAN_CODE:de89 3704 0044 0532 0130 00⟧"),
    ("bank_code", "Kontonummer ⟦ACC_NO:1234567⟧, BLZ ⟦ROUTING_NUMBER:370 400 44⟧"),
    ("rib", "RIB ⟦ACC_NO:30002 00550 0000157845Z 02⟧"),
    ("routing_number", "routing number ⟦ROUTING_NUMBER:021000021⟧"),
    ("sort_code", "sort code ⟦ROUTING_NUMBER:20-00-00⟧"),
    ("swift", "SWIFT ⟦ROUTING_NUMBER:DEUTDEFF500⟧"),
    ("account", "account number ⟦ACC_NO:876543210⟧"),
    ("account_groups", "my savings account 12, sorry, ⟦ACC_NO:1234 5678 9012⟧"),
    ("wallet_base58", "pay ⟦CRYPTO:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa⟧"),
    ("wallet_bech32", "⟦CRYPTO:bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq⟧"),
    ("wallet_ethereum", "⟦CRYPTO:0x742d35Cc6634C0532925a3b844Bc454e4438f44e⟧"),
    ("wallet_base58", "⟦CRYPTO:T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb⟧ (Tron)"),
    (
        "wallet_base58",
        "⟦CRYPTO:DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L⟧ or ⟦CRYPTO:LM2WMpR1Rp6j3Sa59cMXMs1SPzj9eXpGc1⟧",
    ),
    (
        "wallet_base58",
        "⟦CRYPTO:tz1VSUr8wwNhLAzempoch5d6hLRiTh8Cjcjb⟧, ⟦CRYPTO:t1Hsc1LR8yKnbbe3twRp88p6vFfC5t7DLbs⟧",
    ),
    ("wallet_bech32", "⟦CRYPTO:cosmos1fl48vsnmsdzcv85q5d2q4z5ajdha8yu34mf0eh⟧"),
    ("wallet_cash", "⟦CRYPTO:bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a⟧"),
    ("wallet_ripple", "send XRP to ⟦CRYPTO:rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh⟧"),
    ("wallet_stellar", "⟦CRYPTO:GAAZI4TCR3TY5OJHCTJC2A4QSY6CJWJH5IAJTGKIN2ER7LBNVKOCCWN7⟧"),
    (
        "wallet_monero",
        "⟦CRYPTO:44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A⟧",
    ),
    ("wallet_solana", "Solana wallet ⟦CRYPTO:4Nd1mBQtrMJVYVfKf2PJy9NZUZdTAsp7D4xWLs4gDB4T⟧"),
    # people's numbers
    ("ssn", "SSN ⟦US_SSN:219-09-9999⟧"),
    ("ssn_spaces", "social security ⟦US_SSN:219 09 9999⟧"),
    ("ssn_bare", "my ssn is ⟦US_SSN:219099999⟧"),
    ("itin", "⟦US_ITIN:912-70-1234⟧"),
    ("ssn_shaped", "Please review: ⟦US_SSN:950-36-9596⟧"),
    ("itin_bare", "ITIN ⟦US_ITIN:912701234⟧"),
    ("ein", "EIN ⟦US_EIN:12-3456789⟧ of the firm"),
    ("driving_licence", "driver's license is ⟦DRIVING_LICENSE_NUMBER:F162823540116⟧"),
    ("driving_licence", "driving licence ⟦DRIVING_LICENSE_NUMBER:MORGA657054SM9IJ⟧"),
    ("passport", "passport number ⟦PASSPORT_NUMBER:L8374652⟧"),
    ("passport", "Her passport, lost in Rome, was ⟦PASSPORT_NUMBER:C01X00T47⟧"),
    ("licence", "license number ⟦LICENCE_NO:HP839232⟧"),
    # dates and ages
    ("date_iso", "on ⟦DATE_TIME:2021-03-04⟧ and ⟦DATE_TIME:2021-03-04T12:30:00.5Z⟧"),
    ("date_year_first", "⟦DATE_TIME:2021/03/04⟧"),
    ("date_numeric", "⟦DATE_TIME:04/12/1978⟧, ⟦DATE_TIME:31.1.2020⟧"),
    ("date_short", "paid ⟦DATE_TIME:6/2/94⟧"),
    ("date_short_born", "geb. ⟦DATE_OF_BIRTH:12.3.80⟧"),
    ("date_month_day", "Meeting on ⟦DATE_TIME:March 10, 2023 at 10:30 am⟧"),
    ("date_day_month", "⟦DATE_TIME:10th of March 2023⟧, ⟦DATE_TIME:3 de mayo de 2021⟧"),
    ("date_month_year", "since ⟦DATE_TIME:March 2019⟧"),
    ("date_year", "founded in ⟦DATE_TIME:1977⟧"),
    ("date_weekday", "flew on ⟦DATE_TIME:Tuesday⟧"),
    (
        "date_day_month",
        "born on ⟦DATE_OF_BIRTH:3 May 1980⟧ in Rome, met on ⟦DATE_TIME:4 June 2001⟧",
    ),
    ("date_numeric", "DOB: ⟦DATE_OF_BIRTH:12/05/1979⟧"),
    ("date_day_month", "geboren am ⟦DATE_OF_BIRTH:12. März 1980⟧"),
    ("date_day_month", "née le ⟦DATE_OF_BIRTH:3 février 1975⟧"),
    ("date_numeric", "discharged on ⟦DISCHARGE_DATE:3/4/2021⟧"),
]

NOT_FOUND = [
    "version 1.2.3.4 and v10.20.30.40, release 5.15.10.91",
    "x = 1.2.3.4",
    "__version__ = '1.2.3.40'",
    "section 8.2.4.44",
    "OID 1.3.6.1.4.1.311.20.2",
    "bind 0.0.0.0, 127.0.0.1, mask 255.255.255.0, address ::1",
    "256.300.1.2 is no address",
    "item 4155552671 of lot 112-3941689-8772232",
    "invoice 2023-0042-1177",
    "commit 3f2504e04f8911d39a0c0305e82c3301aabbccdd",
    "timestamp 1700000000, ms 1700000000000",
    'ObjectId("507f1f77bcf86cd799439011")',
    "4111 1111 1111 1112",
    "order 4111 1111 1111 1112 is not a card",
    "1234567890123456",
    "0.1234567890123456 and 3.14159265358979",
    "0000 0000 0000 0000",
    "DE89370400440532013001",
    "é4111111111111111",
    "number 219099999 alone",
    "000-12-3456, 666-12-3456, 219-00-1234, 219-09-0000",
    "C4, S3, EKS and EC2",
    "std::vector a::b 12:30:45 x[1::2]",
    "1/2 cup, 3/4 tsp, 50/50",
    "13/13/2020 and 2020-13-45",
    "May I ask, Mark, in March?",
    "user@localhost and @pytest.fixture and icon@2x.png",
    "git@github.com:acme/app.git",
    "import os.path, numpy.random",
    "$1,234,567.00 and € 1 234 567 890",
    "ISBN 978-3-16-148410-0",
    "1 2 3 4 5 6 7 8 9 10",
    "page 100-200, 1999-2003, the 2019-2020 season, 4-4-2",
    "rgb(255, 255, 255) #112233 0xdeadbeef",
    "Python 3.11.7, hyperscan 5.4.12",
    "call 911 and dial 0",
    "tel 1 2 3",
    "ff:ff:ff:ff:ff:ff",
    "pow(12345, 67890, 10000019)",
    "Decimal('0.333333333')",
    "04 27 / 01 / 12 5. 1 C",
    "numchars = '0123456789', octdigits = '01234567'",
    "Boston, MA\n * 02110-1301, USA",
    "call PMID 11179154, phone line 1302488",
    "Windows [Version 5.1.2600], release 10.1.2020",
    "<Buffer a0 8b 28 3f 01 00 00 00 50 32>, phone of 255 250 250, SPACE;0069 0307 0301",
    "error checking [#11829](x), closes #5334, account 45a87a83bb dl/python, into account. x86-64",
    "call /commit/0911813862 and phone secadv/20210325.txt, 0010 0011 0100 0101 0110",
    "website https://home.unicode.org/ and the site python.org",
    "see http://www.w3.org/2000/svg and https://www.apache.org/licenses/LICENSE-2.0",
    "docs.python.org/3/library/re.html, https://bugs.python.org/issue1 and https://www.gnu.org/licenses/",
    "net 10.0.0.0 and 192.0.2.0/24, mask ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0",
    "fake account &#128553; made; Medicare's 2012 costs; .dl { color: #4e9a06 }",
    "insurance of 5000 dollars, insurance for 12000 people, account in $45000",
    "1200 34\n1500 36\n1700 38\n",
    "routing number 123456789",
    "NHS number 9434765918",
    "https://",
    "",
]


@pytest.mark.parametrize(("rule", "marked"), FOUND, ids=lambda value: value[:40])
def test_finds_what_is_marked(rule: str, marked: str) -> None:
    assert_found(rule, marked)


@pytest.mark.parametrize("text", NOT_FOUND, ids=lambda value: value[:40])
def test_leaves_near_misses_alone(text: str) -> None:
    assert_left_alone(text)


def test_every_row_of_the_tables_is_shown() -> None:
    keys = {p.name for p in ALL if p.entity in ("API_KEY", "PASSWORD", "PRIVATE_KEY")}
    shown = {rule for rule, _ in (*FOUND, *OF_ADDRESSES, *OF_PEOPLE, *OF_COUNTRIES)}
    assert {p.name for p in ALL} - keys == shown


def test_rows_are_complete() -> None:
    for pattern in ALL:
        assert pattern.entity in ENTITIES
        assert pattern.name
        assert pattern.score <= pattern.lifted or not pattern.near
        assert all(word == word.lower() for word in (*pattern.near, *pattern.unless))


def test_of_two_spans_the_surer_one_stays_and_no_part_is_lost() -> None:
    text = "https://files.example/DE89370400440532013000 +44 7943 582088"
    found = rules().scan(text)
    assert mark(text, found) == (
        "⟦URL:https://files.example/DE89370400440532013000⟧ ⟦PHONE_NUMBER:+44 7943 582088⟧"
    )


_ANY = st.text(
    st.characters(categories=None)
    | st.sampled_from("0123456789")
    | st.sampled_from(" .-:@/+()\n\x00\ud800éß１")
    | st.sampled_from("aAbBcCxX"),
    max_size=80,
)
_PIECES = st.lists(
    st.sampled_from([unmark(marked)[0] for _, marked in FOUND]) | _ANY, max_size=6
).map("".join)


@given(text=_PIECES)
@example("\ud800 born 1/1/1990\x00")
@example("see ftp://a.example/b!\x1f")
@example("１4111111111111111")
@example("a" * 5000 + "@example.com")
def test_any_text_gives_spans_inside_it(text: str) -> None:
    found = rules().scan(text)
    for span in found:
        value = text[span.start : span.end]
        assert 0 <= span.start < span.end <= len(text)
        assert value == value.strip()
        assert value[-1] not in ",;:?!" or ENTITIES[span.entity].family == "secret"
        assert 0.5 <= span.score <= 1
        assert span.entity in ENTITIES
    assert found == sorted(found, key=lambda s: s.start)
    assert rules().scan(text) == found


# values that count wherever they stand between blanks
_SURE = {
    "john.doe@example.co.uk": "EMAIL_ADDRESS",
    "https://example.com/a?b=c": "URL",
    "+447943582088": "PHONE_NUMBER",
    "4111-1111-1111-1111": "CREDIT_CARD",
    "DE89370400440532013000": "IBAN_CODE",
    "00:1A:2B:3C:4D:5E": "IP_ADDRESS",
    "3f2504e0-4f89-11d3-9a0c-0305e82c3301": "UUID",
    "AKIAIOSFODNN7EXAMPLE": "API_KEY",
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa": "CRYPTO",
}


@given(before=_ANY, after=_ANY, value=st.sampled_from(sorted(_SURE)))
def test_a_known_value_is_found_in_any_surroundings(before: str, after: str, value: str) -> None:
    text = f"{before} | {value} | {after}"
    start = len(before) + 3
    assert any(
        s.entity == _SURE[value] and s.start == start and s.end == start + len(value)
        for s in rules().scan(text)
    )


def test_threads_share_the_rules() -> None:
    texts = [unmark(marked)[0] for _, marked in FOUND] * 3
    alone = [rules().scan(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda text: rules().scan(text), texts)) == alone


@given(text=_PIECES, more=st.text(st.sampled_from("éß漢\U0001f600\ud83d"), min_size=1, max_size=8))
def test_what_stands_before_moves_the_spans_and_nothing_else(text: str, more: str) -> None:
    lead = f"{more}\n\n"
    moved = [(s.start - len(lead), s.end - len(lead), s.entity) for s in rules().scan(lead + text)]
    alone = [(s.start, s.end, s.entity) for s in rules().scan("\n\n" + text)]
    assert moved == [(a - 2, b - 2, e) for a, b, e in alone]
