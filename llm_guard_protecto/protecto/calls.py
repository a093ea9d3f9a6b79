"""Mask, unmask and jobs as generators: what is asked, in which order, and what it means.

Nothing here reads or writes; `client` and `aio` each drive the same generators.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llm_guard_protecto.errors import ConfigurationError, GuardError
from llm_guard_protecto.models import Item, Masked, Unmasked
from llm_guard_protecto.policy import BUILT_IN, Policy
from llm_guard_protecto.protecto.asking import Flow, Pause, Request
from llm_guard_protecto.protecto.codec import MaskPlan, UnmaskPlan, plan_mask, plan_unmask
from llm_guard_protecto.protecto.faults import JobFailed, JobNotDone, JobPurged
from llm_guard_protecto.protecto.jobs_codec import (
    Job,
    Submitted,
    read_jobs,
    read_submission,
    status_body,
)
from llm_guard_protecto.protecto.messages import OVER_LIMIT, UNMASK_FAILED
from llm_guard_protecto.protecto.retry import call
from llm_guard_protecto.protecto.settings import SMALLEST, Settings
from llm_guard_protecto.protecto.spread import spread
from llm_guard_protecto.vault import PolicyChoice

__all__ = ["Calls"]

FIRST_POLL = 0.25
"""Seconds before the second look at a job; a local vault is done by then."""

LONGEST_POLL = 30.0
"""Seconds between two looks at a job that takes long: what Protecto asks for."""


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls of one vault."""

    settings: Settings

    def mask(self, texts: Sequence[str | Item], policy: PolicyChoice = None) -> Flow[list[Masked]]:
        """Mask texts and items that belong together, in one request, in order.

        A value found in one of them is masked in all that are searched. `policy` is the name of
        one that the vault keeps, None for the one given to the vault, else its namespace's own.
        """
        plan = plan_mask(texts, self.settings.policy_name(policy), self.settings.size)
        masked = yield from self._mask(plan)
        return _together(masked)

    def unmask(self, texts: Sequence[str], policy: PolicyChoice = None) -> Flow[list[Unmasked]]:
        """Turn every token of the namespace back into its value; leave the rest as it is."""
        plan = plan_unmask(texts, self.settings.policy_name(policy))
        return (yield from self._unmask(plan))

    def submit_mask(
        self, texts: Sequence[str | Item], policy: PolicyChoice = None
    ) -> Flow[Submitted]:
        """Hand a masking job to the vault and return at once. Wait for it with `result`.

        A job cannot be cut again when a piece turns out too long, so its pieces are half as long.
        """
        size = self.settings.size
        size = None if size is None else max(size // 2, SMALLEST)
        plan = plan_mask(texts, self.settings.policy_name(policy), size)
        return (yield from self._submit("/mask/async", plan))

    def submit_unmask(self, texts: Sequence[str], policy: PolicyChoice = None) -> Flow[Submitted]:
        """Hand an unmasking job to the vault and return at once. Wait for it with `result`."""
        plan = plan_unmask(texts, self.settings.policy_name(policy))
        return (yield from self._submit("/unmask/async", plan))

    def jobs(self, jobs: Sequence[Submitted | str]) -> Flow[list[Job]]:
        """Look at the state of jobs, given as `Submitted` or as tracking ids, in order."""
        ids = [job.tracking_id if isinstance(job, Submitted) else job for job in jobs]
        if not ids:
            return []
        asked = list(dict.fromkeys(ids))
        request = Request("PUT", "/async-status", status_body(asked))
        frame = yield from call(request, self.settings.retries)
        found = dict(zip(asked, read_jobs(frame.get("data"), asked), strict=True))
        return [found[one] for one in ids]

    def result(
        self, job: Submitted | str, timeout: float | None = 300.0
    ) -> Flow[list[Masked] | list[Unmasked]]:
        """Wait for a job and return what it made; for a bare tracking id, item by item.

        Looks again after a quarter of a second, then after ever longer pauses up to 30 seconds.
        `timeout` is in seconds, None for no limit. Raises `JobNotDone` when it is over, `JobFailed`
        and `JobPurged` for a job that has nothing to give.
        """
        end = None if timeout is None else self.settings.clock() + timeout
        pause = FIRST_POLL
        while True:
            [state] = yield from self.jobs([job])
            if state.is_final:
                return _made(state, job)
            left = LONGEST_POLL if end is None else end - self.settings.clock()
            if left <= 0:
                raise JobNotDone
            yield Pause(min(pause, left, LONGEST_POLL))
            pause *= 1.6

    def _mask(self, plan: MaskPlan) -> Flow[list[Masked]]:
        """Ask; when the vault says a piece is too long, ask again with smaller ones."""
        size = self.settings.size
        while not plan.is_empty:
            try:
                frame = yield from call(Request("PUT", "/mask", plan.body), self.settings.retries)
            except GuardError as error:
                if OVER_LIMIT not in str(error) or size is None or size // 2 < SMALLEST:
                    raise
            else:
                return plan.read(frame.get("data"))
            size //= 2
            plan = plan_mask(plan.items, plan.policy, size)
        return plan.read([])

    def _unmask(self, plan: UnmaskPlan) -> Flow[list[Unmasked]]:
        """Ask; when nothing in one text can be resolved, the others still are."""
        if plan.is_empty:
            return plan.unchanged
        request = Request("PUT", "/unmask", plan.body)
        try:
            frame = yield from call(request, self.settings.retries)
        except GuardError as error:
            if UNMASK_FAILED not in str(error):
                raise
        else:
            return plan.read(frame.get("data"))
        if len(plan.texts) == 1:
            return plan.unchanged
        parts: list[Unmasked] = []
        for half in plan.halves:
            parts += yield from self._unmask(half)
        return parts

    def _submit(self, path: str, plan: MaskPlan | UnmaskPlan) -> Flow[Submitted]:
        if plan.is_empty:
            raise ConfigurationError("a job needs something to work on: every text is empty")
        request = Request("PUT", path, plan.body)
        frame = yield from call(request, self.settings.retries, once=True)
        return read_submission(frame.get("data"), plan)

    def rules(self, choice: PolicyChoice = None) -> Policy:
        """The rules of this program, under the name of the policy that the vault applies.

        Without any, those of the built-in policy of that name, else of the default one.
        """
        name = self.settings.policy_name(choice)
        rules = self.settings.rules
        if rules is None:
            rules = Policy.built_in(name if name in BUILT_IN else "default")
        return rules if name in (None, rules.name) else rules.model_copy(update={"name": name})


def _together(masked: Sequence[Masked]) -> list[Masked]:
    """Found once, masked everywhere; what was masked by token name is no find."""
    searched = [at for at, one in enumerate(masked) if one.token_name is None]
    done = dict(zip(searched, spread([masked[at] for at in searched]), strict=True))
    return [done.get(at, one) for at, one in enumerate(masked)]


def _made(job: Job, asked: Submitted | str) -> list[Any]:
    """The result of a final job."""
    if job.status == "FAILED":
        raise JobFailed(f"the job failed: {job.error}")
    if job.status == "PURGED":
        raise JobPurged
    if isinstance(asked, Submitted):
        plan = asked.plan
        return _together(plan.read(job.rows)) if isinstance(plan, MaskPlan) else plan.read(job.rows)
    return list(job.result or ())
