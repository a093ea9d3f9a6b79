"""What a model does to a token, form by form: what comes in, what comes out."""

from __future__ import annotations

import random

import pytest

from llm_guard_protecto.guard.bent import Wrapper, escape_like, json_escape, plain, solid
from llm_guard_protecto.guard.restore import restore
from llm_guard_protecto.guard.tokenmap import TokenMap
from tests.guard.material import MAP, in_pieces, mask, run

WHOLE = "Sarah Johnson"
# (form, what the model wrote, what the program must see)
DRIFT = [
    ("as issued", "<PER>cn4Rv PvBCff2</PER>", WHOLE),
    ("lower case", "<PER>cn4rv pvbcff2</PER>", WHOLE),
    ("upper case", "<PER>CN4RV PVBCFF2</PER>", WHOLE),
    ("wrapper in lower case", "<per>cn4Rv PvBCff2</per>", WHOLE),
    ("wrapper in title case", "<Per>cn4Rv PvBCff2</Per>", WHOLE),
    ("wrapper dropped", "cn4Rv PvBCff2", WHOLE),
    ("wrapper not closed", "<PER>cn4Rv PvBCff2, hello", "Sarah Johnson, hello"),
    ("wrapper not opened", "cn4Rv PvBCff2</PER>", WHOLE),
    ("wrapper doubled", "<PER><PER>cn4Rv PvBCff2</PER></PER>", WHOLE),
    ("doubled around a bent one", "<PER> <PER>cn4rv PvBCff2</PER></PER>", WHOLE),
    ("another tag of ours", "<ADDRESS>cn4Rv PvBCff2</ADDRESS>", WHOLE),
    ("blanks in the wrapper", "< PER >cn4Rv PvBCff2</ PER >", WHOLE),
    ("blanks inside it", "<PER> cn4Rv PvBCff2 </PER>", WHOLE),
    ("square brackets", "[PER]cn4Rv PvBCff2[/PER]", WHOLE),
    ("round brackets", "(PER)cn4Rv PvBCff2(/PER)", WHOLE),
    ("braces", "{PER}cn4Rv PvBCff2{/PER}", WHOLE),
    ("angle quotes", "‹PER›cn4Rv PvBCff2‹/PER›", WHOLE),
    ("full-width brackets", "＜PER＞cn4Rv PvBCff2＜/PER＞", WHOLE),
    ("HTML entities", "&lt;PER&gt;cn4Rv PvBCff2&lt;/PER&gt;", WHOLE),
    ("HTML numbers", "&#60;PER&#62;cn4Rv PvBCff2&#x3C;/PER&#x3e;", WHOLE),
    ("JSON escapes in text", r"\u003cPER\u003ecn4Rv PvBCff2\u003c/PER\u003e", WHOLE),
    ("escaped slash", r"<PER>cn4Rv PvBCff2<\/PER>", WHOLE),
    ("percent escapes in text", "%3CPER%3Ecn4Rv PvBCff2%3C/PER%3E", WHOLE),
    ("all percent", "%3CPER%3Ecn4Rv%20PvBCff2%3C%2FPER%3E", "Sarah%20Johnson"),
    ("Markdown escapes", r"\<PER\>cn4Rv PvBCff2\</PER\>", WHOLE),
    ("code span", "`<PER>cn4Rv PvBCff2</PER>`", "`Sarah Johnson`"),
    ("bold around", "**<PER>cn4Rv PvBCff2</PER>**", "**Sarah Johnson**"),
    ("bold inside the wrapper", "<PER>**cn4Rv PvBCff2**</PER>", "**Sarah Johnson**"),
    ("bold around one word", "**cn4Rv** PvBCff2", "**Sarah** Johnson"),
    ("emphasis between words", "cn4Rv _PvBCff2_", "Sarah _Johnson_"),
    ("emphasis inside a run", "cn**4R**v PvBCff2", WHOLE),
    ("Markdown escape inside a run", "cn\\4Rv PvBCff2", WHOLE),
    ("zero-width inside", "c\u200bn\u200d4R\ufeffv PvBCff2", WHOLE),
    ("soft hyphens", "cn\u00ad4Rv PvB\u00adCff2", WHOLE),
    ("full-width signs", "ｃｎ４Ｒｖ PvBCff2", WHOLE),
    ("Arabic digit", "cn\u0664Rv PvBCff2", WHOLE),
    ("line wrap between words", "<PER>cn4Rv\nPvBCff2</PER>", "Sarah\nJohnson"),
    ("line wrap inside a run", "cn4\nRv PvBCff2", WHOLE),
    ("hyphenated at the line's end", "cn4-\nRv PvB-\n  Cff2", WHOLE),
    ("wrapped in a quotation", "> cn4\n> Rv PvBCff2", "> Sarah Johnson"),
    ("no-break space", "<PER>cn4Rv\u00a0PvBCff2</PER>", "Sarah\u00a0Johnson"),
    ("hyphen between words", "cn4Rv-PvBCff2", "Sarah-Johnson"),
    ("Unicode hyphens in a number", "(14720) 09570\u201147785", "(555) 987\u20116543"),
    ("a number without its wrapper", "14720 09570 47785", "555 987 6543"),
    ("a number, bent wrapper", "&lt;PHN&gt;(14720) 09570-47785&lt;/PHN&gt;", "(555) 987-6543"),
    ("the last group only", "ending in <PHN>47785</PHN>", "ending in 6543"),
    ("plus before a number", "<PHN>+14720 09570 47785</PHN>", "+555 987 6543"),
    ("last name, title", "Mr. PvBCff2", "Mr. Johnson"),
    ("first name in the wrapper", "<PER>cn4Rv</PER>", "Sarah"),
    ("title in the wrapper", "<PER>Ms. PvBCff2</PER>", "Ms. Johnson"),
    ("new name beside it", "<PER>cn4Rv Miller</PER>", "Sarah Miller"),
    (
        "two fields",
        '{"first": "cn4Rv", "last": "PvBCff2"}',
        '{"first": "Sarah", "last": "Johnson"}',
    ),
    ("last name first", "PvBCff2, cn4Rv", "Johnson, Sarah"),
    ("possessive", "cn4Rv PvBCff2's", "Sarah Johnson's"),
    ("possessive, curly", "<PER>cn4Rv PvBCff2</PER>\u2019s", "Sarah Johnson\u2019s"),
    ("plural", "the PvBCff2s", "the Johnsons"),
    ("run together", "cn4RvPvBCff2", "SarahJohnson"),
    ("in CJK text", "您好cn4Rv您好", "您好Sarah您好"),
    ("in a table", "| cn4Rv | PvBCff2 |", "| Sarah | Johnson |"),
    ("a side of an address", "Gh7kt at Wq3Rt", "sarah.j at acme.example"),
    ("an address, bent", "<email> gh7kt@wq3rt </email>", "sarah.j@acme.example"),
    ("escaped newline before", r"line\ncn4Rv", r"line\nSarah"),
    ("cut by max_tokens", "<PER>cn4R", "<PER>cn4R"),
    ("one sign wrong", "<PER>cn4Rw PvBCff2</PER>", "<PER>cn4Rw PvBCff2</PER>"),
    ("one digit lost", "<PER>cnRv PvBCff2</PER>", "<PER>cnRv PvBCff2</PER>"),
    ("invented", "<PER>x9Kwp T4sdd</PER>", "<PER>x9Kwp T4sdd</PER>"),
    ("empty wrapper", "<PER></PER>", "<PER></PER>"),
    ("a group of digits in prose", "order 14720", "order 14720"),
    ("longer word", "xcn4Rv cn4Rvx", "xcn4Rv cn4Rvx"),
]


@pytest.mark.parametrize(("form", "text", "want"), DRIFT, ids=[row[0] for row in DRIFT])
def test_drift(form: str, text: str, want: str) -> None:
    for before, after in (("", ""), ("Dear ", ", hello."), ("(", ")"), ("A\n", "\nB")):
        # Nothing of ours stands before or after, so the answer is the same, however it is cut.
        whole = f"{before}{text}{after}"
        if form == "wrapper not closed" and after == ")":
            continue
        assert restore(whole, MAP) == f"{before}{want}{after}"
        for n in range(len(whole)):
            assert in_pieces([whole[:n], whole[n:]], MAP) == f"{before}{want}{after}"
        assert in_pieces(list(whole), MAP) == f"{before}{want}{after}"


def test_every_form_of_case_space_wrapper_and_escape_on_many_tokens() -> None:
    """The forms that must never fail, each on 300 fresh tokens."""
    chance = random.Random(3)
    for _ in range(300):
        one, two = run(chance), run(chance)
        if one.lower() == two.lower():
            continue
        tokens = TokenMap.of([mask("Ann Lee", ("Ann Lee", f"{one} {two}", "PER"))])
        for form in FORMS:
            assert restore(f"Dear {form.format(one, two)}.", tokens) == "Dear Ann Lee.", form
        upper = restore(f"<PER>{one.upper()} {two.lower()}</PER>", tokens)
        assert upper == "Ann Lee"


FORMS = [
    "<PER>{} {}</PER>",
    "{} {}",
    "<per>{} {}</per>",
    "<PER> {} {} </PER>",
    "[PER]{} {}[/PER]",
    "&lt;PER&gt;{} {}&lt;/PER&gt;",
    "<PER><PER>{} {}</PER></PER>",
    "<PER>{} {}",
    "{} {}</PER>",
    "\\u003cPER\\u003e{} {}\\u003c/PER\\u003e",
    "\\<PER\\>{} {}\\</PER\\>",
    "%3CPER%3E{} {}%3C%2FPER%3E",
]


def test_custom_wrappers_bend_too() -> None:
    from llm_guard_protecto.models import IndividualToken, Masked

    token = IndividualToken("Ann Lee", "PERSON", "x7Kwp T4sdd", "{Person Name ", "}", 0, 7)
    tokens = TokenMap.of([Masked("Ann Lee", token.wrapped, (token,))])
    for text in (
        "{Person Name x7Kwp T4sdd}",
        "{person name  x7Kwp\nT4sdd}",
        "[Person Name x7kwp T4SDD]",
        "{Person Name x7Kwp T4sdd",
        "x7Kwp T4sdd",
        "&#123;Person Name x7Kwp T4sdd&#125;",
    ):
        assert restore(text, tokens).replace("\n", " ") == "Ann Lee", text
    assert restore("{ x }", tokens) == "{ x }"


def test_a_value_is_escaped_as_its_wrapper_was() -> None:
    value = 'A&B <"x">'
    tokens = TokenMap.of([mask(value, (value, "x7Kwp", "ORG"))])
    assert restore("&lt;ORG&gt;x7Kwp&lt;/ORG&gt;", tokens) == 'A&amp;B &lt;"x"&gt;'
    assert restore("\\u003cORG\\u003ex7Kwp\\u003c/ORG\\u003e", tokens) == 'A&B <\\"x\\">'
    assert restore("%3CORG%3Ex7Kwp%3C/ORG%3E", tokens) == "A%26B%20%3C%22x%22%3E"
    assert restore("<ORG>x7Kwp</ORG>", tokens) == value


def test_folding_is_by_sign_and_no_further() -> None:
    assert plain("ｃｎ１\u200b\u0664²①\u212a") == "cn14²①\u212a"
    assert plain("plain") == "plain"
    assert solid("c*n\\4R-\n> v X") == "cn4rv x"


def test_json_escape_is_json() -> None:
    import json

    value = "".join(map(chr, range(0x80))) + "é\ud800\u2028"
    assert json.loads(f'"{json_escape(value)}"') == value


def test_escape_like_leaves_plain_text_alone() -> None:
    assert escape_like("<PER>", "a&<") == "a&<"


def test_a_wrapper_without_a_word_is_never_guessed() -> None:
    wrapper = Wrapper.of("{", "}")
    assert wrapper.opens is None
    assert not wrapper.closes_alone
