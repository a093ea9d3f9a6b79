"""What the page `docs/server.md` says of the routes is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from llm_guard_protecto.server.routes import ROUTES

PAGE = Path(__file__).parents[2] / "docs/server.md"


def test_the_page_lists_every_route_and_what_it_needs() -> None:
    told: dict[tuple[str, str], str] = {}
    for verb, paths, needs in re.findall(
        r"^\| `([A-Z]+)` \| (.+) \| (.+) \|$", PAGE.read_text(), re.MULTILINE
    ):
        for path in re.findall(r"`(\S+)`", paths):
            told[verb, path] = needs
    known = {(verb, path): one for path, verbs in ROUTES.items() for verb, one in verbs.items()}
    assert told.keys() == known.keys()
    for route, one in known.items():
        assert ("master" in told[route]) == one.for_master
        assert set(re.findall(r"`([a-z_]+)`", told[route])) == one.permissions
