"""The tables of a policy about places and surfaces: what they say, and what a mistake is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from llm_guard_protecto.cli.policies import as_file
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.policy import ROLES, Policy, Restoring, ToolRule, any_starts
from llm_guard_protecto.policy.paths import steps_of

EVERYTHING = """
hint = "Copy the codes."

[mask]
roles = ["tool", "user"]

[restore]
text = false
urls = "never"
images = "always"

[restore.tools]
ping = false
"read_*" = true

[restore.tools.send_mail]
arguments = ["to", "body.*"]
except = ["$.headers"]
urls = "always"

[surfaces]
images = true
logprobs = "drop"
unknown_fields = "refuse"
unknown_routes = "mask"
"""


def test_a_file_says_all_of_it(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(EVERYTHING)
    policy = Policy.load(file)
    assert policy.mask.roles == ("user", "tool")
    assert policy.hint == "Copy the codes."
    assert (policy.restore.text, policy.restore.urls, policy.restore.images) == (
        False,
        "never",
        "always",
    )
    assert policy.restore.tool("ping") is None
    assert policy.restore.tool("read_file") == ToolRule()
    rule = policy.restore.tool("send_mail")
    assert rule is not None
    assert (rule.arguments, rule.but, rule.urls, rule.images) == (
        ("to", "body.*"),
        ("$.headers",),
        "always",
        None,
    )
    assert policy.surfaces.opened == {"images", "unknown_fields=refuse", "unknown_routes=mask"}


def test_it_survives_storage_and_printing(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(EVERYTHING)
    policy = Policy.load(file)
    assert Policy.model_validate_json(policy.model_dump_json()) == policy
    assert Policy.parse(as_file(policy)) == policy


def test_a_policy_in_use_can_still_be_stored() -> None:
    tools = {"a": {"arguments": ["x"], "except": ["x.y"]}, "*": False}
    policy = Policy.parse({"name": "p", "restore": {"tools": tools}})
    fresh, rule = policy.fingerprint, policy.restore.tool("a")
    assert rule is not None
    assert (rule.allowed, rule.closed) == ((("x",),), (("x", "y"),))
    assert policy.restore.any_tool_closed
    assert policy.surfaces.opened == frozenset()
    assert Policy.model_validate_json(policy.model_dump_json()) == policy
    assert Policy.parse(as_file(policy)).fingerprint == fresh


def test_a_policy_stored_before_these_tables_reads_as_the_default() -> None:
    old = Policy.built_in().model_dump()
    for table in ("mask", "restore", "surfaces", "hint"):
        del old[table]
    assert Policy.model_validate(old) == Policy.built_in()


def test_the_default_is_the_decision_of_the_design() -> None:
    policy = Policy.built_in()
    assert policy.mask.roles == ROLES
    assert policy.restore == Restoring(text=True, urls="own", images="own", tools=True)
    assert policy.surfaces.opened == frozenset()
    assert policy.surfaces.logprobs == "keep"
    assert policy.hint is False


@pytest.mark.parametrize(
    "change",
    [
        {"mask": {"roles": ["user"]}},
        {"restore": {"text": False}},
        {"restore": {"tools": {"a": False}}},
        {"surfaces": {"images": True}},
        {"hint": True},
    ],
)
def test_the_fingerprint_follows_the_tables(change: dict[str, Any]) -> None:
    policy = Policy.parse({"name": "p"} | change)
    assert policy.fingerprint != Policy.parse({"name": "p"}).fingerprint
    assert policy.fingerprint == Policy.parse({"name": "p"} | change).fingerprint


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"mask": ["user"]}, "mask: must be a table of settings"),
        ({"mask": {"role": ["user"]}}, "mask.role: unknown key; known: roles"),
        ({"mask": {"roles": ["boss"]}}, "mask.roles.0: Input should be 'system', 'developer'"),
        ({"mask": {"roles": []}}, "mask.roles: Tuple should have at least 1 item"),
        ({"restore": "all"}, "restore: must be a table of settings"),
        ({"restore": {"txt": True}}, "restore.txt: unknown key; known: text, urls, images, tools"),
        ({"restore": {"urls": "all"}}, "restore.urls: Input should be 'own', 'never' or 'always'"),
        ({"restore": {"images": True}}, "restore.images: Input should be 'own'"),
        ({"restore": {"text": "no way"}}, "restore.text: Input should be a valid boolean"),
        ({"restore": {"tools": "all"}}, "restore.tools: must be true, false or a table of tool"),
        (
            {"restore": {"tools": {"a": "x"}}},
            "restore.tools.a: must be true, false or a table of s",
        ),
        (
            {"restore": {"tools": {"a": {"argument": ["x"]}}}},
            "restore.tools.a.argument: unknown key; known: arguments, except, urls, images",
        ),
        ({"restore": {"tools": {"a": {"arguments": "x"}}}}, "restore.tools.a.arguments: Input sho"),
        (
            {"restore": {"tools": {"a": {"arguments": ["to", "b..c"]}}}},
            "restore.tools.a.arguments.1: Value error, not a path (at character 1)",
        ),
        (
            {"restore": {"tools": {"a": {"except": [""]}}}},
            "restore.tools.a.except.0: Value error, an empty path; all arguments are $",
        ),
        (
            {"restore": {"tools": {"a": {"except": ["x-*"]}}}},
            "restore.tools.a.except.0: Value error, not a path: * stands for a whole step",
        ),
        ({"surfaces": {"image": True}}, "surfaces.image: unknown key; known: images, audio, files"),
        ({"surfaces": {"images": "yes"}}, "surfaces.images: Input should be a valid boolean"),
        ({"surfaces": {"logprobs": "x"}}, "surfaces.logprobs: Input should be 'keep' or 'drop'"),
        ({"surfaces": {"unknown_routes": True}}, "surfaces.unknown_routes: Input should be 'ref"),
        ({"surfaces": [1]}, "surfaces: must be a table of settings"),
        ({"hint": 5}, "hint: Value error, must be true, false or a text"),
        ({"hint": " "}, "hint: Value error, a hint has 1 to 2000 characters"),
        ({"hint": "x" * 2001}, "hint: Value error, a hint has 1 to 2000 characters"),
    ],
)
def test_a_mistake_is_named(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Policy.parse({"name": "mine"} | wrong)
    assert message in str(caught.value)
    assert "yes" not in str(caught.value).replace("bytes", "")


TOOLS = {"send_mail": True, "send_*": False, "*": {"urls": "never"}, "*_mail": {"images": "own"}}


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("send_mail", ToolRule()),
        ("send_post", None),
        ("read", ToolRule(urls="never")),
        ("", ToolRule(urls="never")),
        ("get_mail", ToolRule(images="own")),
        ("send_e_mail", None),  # two patterns with as many letters, and they differ
        ("send_", None),
    ],
)
def test_the_name_that_says_most_decides(name: str, rule: ToolRule | None) -> None:
    policy = Policy.parse({"name": "p", "restore": {"tools": TOOLS}})
    assert policy.restore.tool(name) == rule


@pytest.mark.parametrize(
    ("pattern", "fits", "not_"),
    [
        ("*", ["", "a"], []),
        ("a*", ["a", "ab"], ["ba", ""]),
        ("*a", ["a", "ba"], ["ab"]),
        ("a*a", ["aa", "aba"], ["a"]),
        ("a*b*c", ["abc", "axbxc", "abbc"], ["acb", "ac", "abcx"]),
        ("mcp__*__get", ["mcp__x__get"], ["mcp__get"]),
    ],
)
def test_a_star_stands_for_any_letters(pattern: str, fits: list[str], not_: list[str]) -> None:
    restore = Policy.parse({"name": "p", "restore": {"tools": {pattern: False}}}).restore
    assert [name for name in fits if restore.tool(name) is not None] == []
    assert [name for name in not_ if restore.tool(name) is None] == []


def test_one_switch_for_all_tools() -> None:
    closed = Policy.parse({"name": "p", "restore": {"tools": False}}).restore
    assert closed.tool("anything") is None
    assert closed.any_tool_closed
    assert not Restoring().any_tool_closed
    assert not Policy.parse({"name": "p", "restore": {"tools": {"a": {}}}}).restore.any_tool_closed


@pytest.mark.parametrize(
    ("path", "on", "off"),
    [
        ("to", [("to",), ("to", 0), ("to", "x", "y")], [(), ("too",), ("x", "to"), (None,)]),
        ("$", [(), ("x",), (None,)], []),
        ("$.a.b", [("a", "b"), ("a", "b", 1)], [("a",), ("a", "c"), ("b",)]),
        ("body.*", [("body", "x"), ("body", 0, "y"), ("body", None)], [("body",), ("x", "body")]),
        ("items[*].name", [("items", 3, "name")], [("items", "name"), ("items", 3)]),
        ("items[0]", [("items", 0), ("items", "0")], [("items", 1)]),
        ("**.mail", [("mail",), ("a", 0, "mail", "x")], [("a", "mails"), ()]),
        ("a.**.b", [("a", "b"), ("a", 1, 2, "b")], [("b",), ("a",)]),
        ("**", [(), ("x",)], []),
        ('["a.b"]', [("a.b",)], [("a", "b")]),
        ("['*']", [("*",)], [("x",)]),
        ('["q\\"t"].x', [('q"t', "x")], [("q",)]),
    ],
)
def test_a_path_names_a_place_and_all_in_it(
    path: str, on: list[tuple[Any, ...]], off: list[tuple[Any, ...]]
) -> None:
    steps = [steps_of(path)]
    assert [way for way in on if not any_starts(steps, way)] == []
    assert [way for way in off if any_starts(steps, way)] == []


@pytest.mark.parametrize(
    "path", ["", "a..b", "a.", "$to", "a[x]", "[", "a[0", ".", "a*", "$$", "[-1]"]
)
def test_what_is_no_path(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        steps_of(path)
