"""The page of the chatbot example as its viewers use it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.chromium import LOOKS, Visit
from tests.conftest import Outside
from tests.test_chatbot_web import chatbot

pytestmark = pytest.mark.browser

TEXT = "I am Sarah Johnson, sarah@example.com, and card 4111 1111 1111 1111 is lost."


@pytest.fixture
def address(outside: Outside) -> Iterator[str]:
    with chatbot(outside) as client:
        yield str(client.base_url)


def told(page: Any, count: int) -> list[str]:
    """What the log says once it holds so many messages."""
    page.locator(f"#log p:nth-child({count})").wait_for()
    page.locator("#log p", has_text="…").wait_for(state="detached")
    return [str(text) for text in page.locator("#log p span:last-child").all_text_contents()]


def test_everybody_reads_what_they_may(visit: Callable[..., Visit], address: str) -> None:
    page = visit(address).page
    page.locator("#viewer option").nth(3).wait_for(state="attached")
    page.fill("#text", TEXT)
    page.click("text=Send")
    assert told(page, 2) == [TEXT, f"Hello Sarah Johnson! So far you told me: {TEXT}"]
    assert page.locator("#text").input_value() == ""
    page.check("#stored")
    page.locator("#log p", has_text="<PER>").first.wait_for()
    assert not any("Sarah" in text or "4111" in text for text in told(page, 2))
    page.uncheck("#stored")
    page.locator("#log p", has_text="4111").first.wait_for()
    page.fill("#text", "<img src=x onerror=alert(1)> and a line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Enter")
    assert told(page, 4)[2].startswith("<img src=x onerror=alert(1)>")
    assert page.locator("img").count() == 0
    page.select_option("#viewer", label="Support: sees names")
    page.locator("#log p", has_text="<CRD>").first.wait_for()
    assert told(page, 4)[0].startswith("I am Sarah Johnson, <EMAIL>")
    assert page.locator("#form").is_hidden()
    assert page.locator("text=Start over").is_hidden()
    page.select_option("#viewer", label="Audit: sees no value")
    page.locator("#log p", has_text="<PER>").first.wait_for()
    assert re.match(r"I am <PER>\w+ \w+</PER>, <EMAIL>", told(page, 4)[0])
    page.select_option("#customer", "c-1002")
    page.locator("#log:empty").wait_for(state="attached")
    page.select_option("#viewer", label="Customer c-1001")
    page.locator("#log p", has_text="4111").first.wait_for()
    page.click("text=Start over")
    page.locator("#log:empty").wait_for(state="attached")


def test_an_error_is_said_and_nothing_is_lost(
    visit: Callable[..., Visit], outside: Outside
) -> None:
    with chatbot(outside) as client:
        page = visit(str(client.base_url)).page
        page.locator("#viewer option").nth(3).wait_for(state="attached")
    page.fill("#text", TEXT)
    page.click("text=Send")
    page.locator("#problem", has_text="cannot be reached").wait_for()
    assert page.locator("#text").input_value() == TEXT


@pytest.mark.parametrize("look", LOOKS)
def test_the_page_is_readable_for_everybody(
    visit: Callable[..., Visit], address: str, look: str, tmp_path: Path
) -> None:
    seen = visit(address, look=look, bypass_csp=True)
    seen.page.locator("#viewer option").nth(3).wait_for(state="attached")
    seen.page.fill("#text", TEXT)
    seen.page.keyboard.press("Enter")
    told(seen.page, 2)
    seen.accessible()
    seen.fits()
    seen.picture("chatbot")
    seen.page.select_option("#viewer", label="Support: sees names")
    seen.page.locator("#log p", has_text="<CRD>").first.wait_for()
    seen.picture("chatbot-support")
