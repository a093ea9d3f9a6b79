"""The console as a person uses it: every button, every error as text, in light and dark."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from llm_guard_protecto.testing import FakeProvider, ProviderError, Recorded
from tests.browser.chromium import LOOKS, Visit
from tests.server.console.test_chat import Front, front

pytestmark = pytest.mark.browser

TEXT = "Write to Sarah Johnson, (555) 987-6543, that card 4111 1111 1111 1111 was charged on 3 May."
HOSTILE = "<img src=x onerror=alert(1)> Sarah Johnson </textarea><script>alert(2)</script>"
ALL = ("mask", "unmask", "metadata_change")


class Slow(FakeProvider):
    """A provider that stops in the middle of an answer to a text with `wait` in it."""

    def __init__(self) -> None:
        super().__init__(reply=self._said)
        self.go = threading.Event()

    def _said(self, messages: Any) -> str:
        if "fail" in messages[-1]["content"]:
            raise ProviderError(429, "too many requests, says the provider")
        return str(messages[-1]["content"])

    def answer(self, request: Recorded) -> tuple[int, str, Iterator[bytes]]:
        status, kind, pieces = super().answer(request)
        return status, kind, self._slowly(pieces) if b"wait" in request.body else pieces

    def _slowly(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for at, piece in enumerate(pieces):
            if at == 3:
                self.go.wait(30)
            yield piece


@dataclass
class Console:
    visit: Callable[..., Visit]
    front: Front

    def token(self, *permissions: str) -> str:
        return self.front.service.bearers.create("acme", "ada", permissions or ALL)

    def opened(self, section: str = "try", *permissions: str, **how: Any) -> tuple[Visit, Any]:
        """A page where somebody has signed in and gone to a section."""
        visit = self.visit(f"{self.front.url}/console/#{section}", **how)
        visit.page.fill("#token", self.token(*permissions))
        visit.page.keyboard.press("Enter")
        visit.page.locator(f"#{section}").wait_for()
        return visit, visit.page


@pytest.fixture(scope="module")
def console(visit: Callable[..., Visit]) -> Iterator[Console]:
    provider = Slow()
    with front(provider, policies={"allowed": ["strict"]}) as there:
        yield Console(visit, there)
        provider.go.set()


def problem(page: Any, section: str) -> str:
    """The error that a section shows."""
    shown = page.locator(f"#{section} .problem:visible")
    shown.wait_for()
    return str(shown.text_content())


def test_somebody_without_a_token_is_told_so(console: Console) -> None:
    page = console.visit(f"{console.front.url}/console").page
    assert page.url.endswith("/console/")
    page.fill("#token", "wrong")
    page.click("text=Sign in >> nth=-1")
    assert "token is not accepted" in problem(page, "sign-in")
    assert page.locator("#nav").is_hidden()
    page.fill("#token", console.front.service.bearers.create(None, "root"))
    page.keyboard.press("Enter")
    page.locator("#sign-in .problem", has_text="may not do that").wait_for()


def test_a_token_is_kept_only_when_asked(console: Console) -> None:
    _, page = console.opened()
    assert page.evaluate("() => sessionStorage.length") == 0
    page.reload()
    assert page.locator("#sign-in").is_visible()
    page.fill("#token", console.token())
    page.check("#keep")
    page.keyboard.press("Enter")
    page.locator("#try").wait_for()
    page.reload()
    page.locator("#try").wait_for()
    page.click("text=Sign out")
    page.locator("#sign-in").wait_for()
    assert page.evaluate("() => sessionStorage.length + localStorage.length") == 0
    assert page.context.cookies() == []


def test_a_text_is_tried(console: Console) -> None:
    _, page = console.opened()
    page.fill("#try-text", TEXT)
    page.click("#try button:has-text('Mask')")
    page.locator("#try-result").wait_for()
    marks = page.locator("#try-marked mark")
    assert marks.first.text_content() == "Sarah JohnsonPERSON"
    assert page.locator("#try-marked mark.left").text_content() == "3 MayDATE_TIME"
    masked = page.locator("#try-masked").text_content()
    assert re.search(r"<PER>\w+ \w+</PER>", masked)
    assert "Sarah" not in masked
    row = page.locator("#try-found tr", has_text="CREDIT_CARD").text_content()
    assert "near card" in row
    assert "excluded" in page.locator("#try-found tr", has_text="DATE_TIME").text_content()
    assert page.locator("#try-toxicity meter").count() == 6
    assert "numbers: 1" in page.locator("#try-legend").text_content()
    page.click("text=Turn back")
    page.locator("text=To the character").wait_for()
    assert page.locator("#try-restored").text_content() == TEXT
    page.click("text=Copy what leaves")
    page.locator("text=Copied.").wait_for()
    assert page.evaluate("() => navigator.clipboard.readText()") == masked
    page.select_option("#try-policy", "anonymize")
    page.click("#try button:has-text('Mask')")
    page.locator("#try-found td", has_text="masked for good").first.wait_for()
    page.click("text=Turn back")
    page.locator("text=cannot be turned back").wait_for()


def test_a_hostile_text_stays_text(console: Console) -> None:
    _, page = console.opened()
    page.fill("#try-text", f"{HOSTILE}\0\x1b \U0001f600")
    page.keyboard.press("Control+Enter")
    page.locator("#try-result").wait_for()
    assert page.locator("#try-marked").text_content().startswith("<img src=x onerror=alert(1)>")
    page.click("#nav >> text=Chat")
    page.fill("#chat-text", HOSTILE)
    page.keyboard.press("Control+Enter")
    page.locator(".receipt:not(:empty)").wait_for()
    assert page.locator(".said").nth(2).text_content().endswith(HOSTILE)
    assert page.locator("img, main script").count() == 0


def test_a_token_may_do_what_it_may(console: Console) -> None:
    _, page = console.opened("try", "unmask")
    page.fill("#try-text", TEXT)
    page.click("#try button:has-text('Mask')")
    assert "may not do that" in problem(page, "try")
    page.click("#nav >> text=Policies")
    page.locator("text=changed with a token that has metadata_change").wait_for()
    for name in ("Load", "New", "Delete", "Save"):
        assert page.locator(f"#policies button:has-text('{name}')").is_disabled()
    page.click("#nav >> text=Calls")
    assert "metadata_change" in problem(page, "calls")


def test_a_policy_is_checked_while_it_is_written(console: Console) -> None:
    _, page = console.opened("policies")
    page.locator("text=It would be kept as my-policy").wait_for()
    page.fill("#policy-sample", "EMP-123456 of Sarah Johnson")
    page.locator("#policy-preview mark", has_text="PERSON").wait_for()
    page.fill("#policy-source", 'name = "mine"\nextends = "gone"\n[entities.PERSO]')
    page.locator(".verdict li", has_text="unknown policy 'gone'; known: default").wait_for()
    assert page.locator(".verdict li").count() == 2
    assert page.locator("#policy-save").is_disabled()
    page.fill("#policy-source", 'name = "mine"\n[custom.EMPLOYEE]\npatterns = ["EMP-[0-9]{6}"]')
    page.locator("#policy-preview mark", has_text="EMPLOYEE").wait_for()
    page.click("text=Save")
    page.locator("#policies .done", has_text="Kept as mine").wait_for()
    assert page.locator("#policy-name").input_value() == "mine"
    assert page.locator("#try-policy option").all_text_contents()[-1] == "mine"
    page.click("text=New")
    assert page.locator("#policy-source").input_value().startswith('name = "my-policy"')
    page.click("text=Load")
    page.locator("text=It would be kept as mine").wait_for()
    assert "EMP-[0-9]{6}" in page.locator("#policy-source").input_value()
    vault = console.front.service.namespaces.get("acme")
    assert vault is not None
    vault.put_policy(vault.policy("mine").model_copy(update={"toxicity": False}))
    page.click("text=Save")
    assert "Load it and change it again" in problem(page, "policies")
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.click("text=Delete")
    assert "mine" in vault.policies()
    page.once("dialog", lambda dialog: dialog.accept())
    page.click("text=Delete")
    page.locator("text=Deleted mine.").wait_for()
    assert "mine" not in vault.policies()
    page.once("dialog", lambda dialog: dialog.accept())
    page.click("text=Delete")
    assert "doesn't exist" in problem(page, "policies")


def test_jobs_are_queued_and_followed(console: Console) -> None:
    _, page = console.opened("jobs")
    page.fill("#job-texts", "I am Ada Lindholm\n\nI am John Doe")
    page.click("text=Queue")
    page.locator("#job-table >> text=SUCCESS").wait_for()
    page.click("#job-table >> text=Result")
    masked = page.locator("#job-result-text").text_content()
    assert re.fullmatch(r"I am <PER>\w+ \w+</PER>\nI am <PER>\w+ \w+</PER>", masked)
    number = page.locator("#job-table tbody th").text_content()
    page.select_option("#job-call", "unmask")
    page.fill("#job-texts", masked)
    page.click("text=Queue")
    page.locator("#job-table tbody tr").nth(1).wait_for()
    page.locator("#job-table tbody tr >> nth=0 >> text=SUCCESS").wait_for()
    page.locator("#job-table >> text=Result").first.click()
    assert page.locator("#job-result-text").text_content() == "I am Ada Lindholm\nI am John Doe"
    page.fill("#job-texts", "<PER>nothingatall</PER>")
    page.click("text=Queue")
    page.click("#job-table >> text=Why")
    assert "failed" in page.locator("#job-result-text").text_content()
    page.fill("#job-id", "nobody")
    page.click("text=Follow >> nth=-1")
    assert "Invalid tracking_id" in problem(page, "jobs")
    _, other = console.opened("jobs")
    other.fill("#job-id", number)
    other.keyboard.press("Enter")
    other.locator("#job-table >> text=SUCCESS").wait_for()


def test_a_chat_shows_both_sides(console: Console) -> None:
    _, page = console.opened("chat")
    page.fill("#chat-text", "I am Ada Lindholm")
    page.click("text=Send")
    page.locator(".receipt:not(:empty)").wait_for()
    wrote, sent, got, heard = page.locator(".turn .said > span:last-child").all_text_contents()
    assert wrote == got == "I am Ada Lindholm"
    assert sent == heard
    assert re.fullmatch(r"I am <PER>\w+ \w+</PER>", sent)
    assert "Masked PERSON 1 · restored 1" in page.locator(".receipt").text_content()
    page.select_option("#chat-provider", "anthropic")
    page.select_option("#chat-policy", "strict")
    page.fill("#chat-text", "I am 44")
    page.keyboard.press("Control+Enter")
    page.locator(".receipt:not(:empty)").nth(1).wait_for()
    assert "policy strict" in page.locator(".receipt").nth(1).text_content()
    page.locator("summary").nth(1).click()
    whole = page.locator(".turn details pre").nth(1).text_content()
    assert whole.encode() == console.front.provider.last_body
    assert len(console.front.provider.requests[-1].json()["messages"]) == 3
    page.click("text=New chat")
    assert page.locator(".turn").count() == 0


def test_a_chat_that_fails_says_so_and_loses_nothing(console: Console) -> None:
    _, page = console.opened("chat")
    page.fill("#chat-text", "fail, please")
    page.click("text=Send")
    assert problem(page, "chat") == "too many requests, says the provider"
    assert page.locator("#chat-text").input_value() == "fail, please"
    page.fill("#chat-text", "Ada Lindholm should wait")
    page.click("text=Send")
    page.locator(".turn").nth(1).locator(".said").nth(3).locator(
        "mark, :text('<')"
    ).first.wait_for()
    assert page.locator("#chat-stop").is_enabled()
    page.click("text=Stop")
    page.locator("text=Stopped.").wait_for()
    assert page.locator("#chat-stop").is_disabled()
    page.keyboard.press("Tab")
    page.focus("#chat-text")
    page.keyboard.press("Control+Enter")
    page.locator("#chat-stop:enabled").wait_for()
    page.keyboard.press("Escape")
    page.locator("text=Stopped.").wait_for()


def test_calls_are_shown_as_counts(console: Console) -> None:
    console.front.ask("Call of Ada Lindholm")
    _, page = console.opened("calls")
    page.locator("#calls-table td", has_text="openai/chat/completions").first.wait_for()
    page.locator("#usage-table th", has_text="20").first.wait_for()
    before = page.locator("#calls-table tbody tr").count()
    console.front.ask("Another call of Ada Lindholm")
    page.check("#calls-follow")
    page.uncheck("#calls-follow")
    page.click("text=Refresh")
    page.locator("#calls-table tbody tr").nth(before).wait_for()
    assert "Ada" not in page.locator("#calls").text_content()
    assert "PERSON 1" in page.locator("#calls-table").text_content()


def test_a_server_that_is_gone_is_named(visit: Callable[..., Visit]) -> None:
    with front() as there:
        _, page = Console(visit, there).opened()
    page.fill("#try-text", TEXT)
    page.keyboard.press("Control+Enter")
    assert "cannot be reached" in problem(page, "try")


def test_everything_works_without_a_mouse(console: Console) -> None:
    page = console.visit(f"{console.front.url}/console/").page
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.className") == "skip"
    page.keyboard.press("Tab")
    page.keyboard.type(console.token())
    page.keyboard.press("Enter")
    page.locator("#try").wait_for()
    seen = []
    for _ in range(12):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("() => document.activeElement.id || document.activeElement.hash"))
    for one in ("try-text", "try-policy"):
        assert one in seen
    page.focus("#nav a[href='#chat']")
    page.keyboard.press("Enter")
    page.locator("#chat").wait_for()
    assert page.title().startswith("Chat")
    assert page.locator("#nav a[aria-current]").text_content() == "Chat"


@pytest.mark.parametrize("look", LOOKS)
def test_every_section_is_readable_for_everybody(console: Console, look: str) -> None:
    start = console.visit(f"{console.front.url}/console/", look=look, bypass_csp=True)
    start.accessible()
    start.fits()
    start.picture("console-sign-in")
    seen, page = console.opened("try", look=look, bypass_csp=True)
    page.fill("#try-text", f"{TEXT} She is 44 years old, you stupid idiot.")
    page.keyboard.press("Control+Enter")
    page.locator("#try-result").wait_for()
    page.click("text=Turn back")
    page.locator("#try-restored-part").wait_for()
    _looked_at(seen, "try")
    page.click("#nav >> text=Policies")
    page.fill("#policy-sample", "Ask Sarah Johnson of Acme Corp")
    page.locator("#policy-preview mark").first.wait_for()
    _looked_at(seen, "policies")
    page.fill("#policy-source", 'name = "x"\nextends = "gone"\n[entities.PERSO]')
    page.locator(".verdict.bad").wait_for()
    _looked_at(seen, "mistakes")
    page.click("#nav >> text=Jobs")
    page.fill("#job-texts", "I am Ada Lindholm")
    page.click("text=Queue")
    page.click("#job-table >> text=Result")
    _looked_at(seen, "jobs")
    page.click("#nav >> text=Chat")
    page.fill("#chat-text", "I am Ada Lindholm, ada@example.com, of 12 High Street, Springfield")
    page.click("text=Send")
    page.locator(".receipt:not(:empty)").wait_for()
    page.fill("#chat-text", "fail for John Doe")
    page.click("text=Send")
    problem(page, "chat")
    _looked_at(seen, "chat")
    page.click("#nav >> text=Calls")
    page.locator("#calls-table tbody tr").first.wait_for()
    _looked_at(seen, "calls")


def _looked_at(seen: Visit, name: str) -> None:
    seen.accessible()
    seen.fits()
    seen.picture(f"console-{name}")
