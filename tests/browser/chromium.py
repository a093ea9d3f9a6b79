"""A person at a browser: a page, what it loaded and complained of, and how it looks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

__all__ = ["LOOKS", "Visit", "chromium", "found"]

DESKTOP, PHONE = {"width": 1200, "height": 850}, {"width": 390, "height": 844}

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": DESKTOP, "color_scheme": "light"},
    "dark": {"viewport": DESKTOP, "color_scheme": "dark"},
    "phone-light": {"viewport": PHONE, "color_scheme": "light", "has_touch": True},
    "phone-dark": {"viewport": PHONE, "color_scheme": "dark", "has_touch": True},
}
"""The ways in which every page is looked at."""


def found() -> str | None:
    """The Chromium of this machine: `LGP_CHROMIUM`, or what is installed."""
    named = os.environ.get("LGP_CHROMIUM")
    names = ("chromium", "chromium-browser", "google-chrome")
    return named or next((path for name in names if (path := shutil.which(name))), None)


@dataclass
class Visit:
    """One page in one look. `requests` are the addresses it asked for, `errors` its complaints."""

    page: Any
    look: str
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Take down what the page asks for and complains of, from now on."""
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on(
            "console",
            lambda said: self.errors.append(said.text) if said.type in ("error", "warning") else 0,
        )

    def check(self) -> None:
        """Nothing was asked for elsewhere, and nothing went wrong in the page."""
        hosts = {urlsplit(one).hostname for one in self.requests if not one.startswith("blob:")}
        assert hosts == {"127.0.0.1"}, self.requests
        # A request that the server refuses is shown to the person, and by Chromium in its log.
        assert [one for one in self.errors if "Failed to load resource" not in one] == []

    def fits(self) -> None:
        """Nothing of the page is wider than the window."""
        wide = self.page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0

    def accessible(self) -> None:
        """axe-core finds nothing that is serious."""
        from axe_playwright_python.sync_playwright import Axe

        report = Axe().run(self.page).response
        wrong = [
            (one["id"], one["impact"], [node["target"] for node in one["nodes"]])
            for one in report["violations"]
            if one["impact"] in ("serious", "critical", "moderate")
        ]
        assert wrong == []
        assert len(report["passes"]) > 10

    def picture(self, name: str) -> None:
        """Keep a picture of the page, where somebody wants them."""
        if folder := os.environ.get("LGP_SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            path = Path(folder) / f"{name}-{self.look}.png"
            self.page.screenshot(path=path, full_page=True)


@contextmanager
def chromium() -> Iterator[Callable[..., Visit]]:
    """Opens pages, each in a profile of its own; every page is checked at the end."""
    from playwright.sync_api import sync_playwright

    visits: list[Visit] = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found())

        def visit(address: str, look: str = "light", *, bypass_csp: bool = False) -> Visit:
            """`bypass_csp` lets axe-core into a page that allows no script but its own."""
            context = browser.new_context(**LOOKS[look], bypass_csp=bypass_csp)
            context.grant_permissions(["clipboard-read", "clipboard-write"])
            context.set_default_timeout(180_000)
            made = Visit(context.new_page(), look)
            visits.append(made)
            made.listen()
            made.page.goto(address)
            return made

        yield visit
        for one in visits:
            one.check()
        browser.close()
