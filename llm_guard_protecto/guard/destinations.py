"""Where the texts of one reply are bound for, and so what a policy lets be restored in them."""

from __future__ import annotations

from llm_guard_protecto.guard.places import Arguments, Place, Places
from llm_guard_protecto.guard.positions import place_of
from llm_guard_protecto.guard.restore import Restorer
from llm_guard_protecto.guard.tokenmap import TokenMap
from llm_guard_protecto.policy import Restoring, Step, ToolRule
from llm_guard_protecto.wire.calls import Argument, Calls
from llm_guard_protecto.wire.json_text import JsonText
from llm_guard_protecto.wire.slots import Delta, Slot

__all__ = ["Destinations"]

_CLOSED = Places(opened=False)


class Destinations:
    """Follows one reply. Every body or event is to be given to `note` first, in order."""

    def __init__(self, rules: Restoring) -> None:
        """Decide by `rules`."""
        self._rules = rules
        self.text = Places(rules.urls, rules.images, rules.text)
        """What may be restored in what the model says."""
        # With one rule for all texts nobody has to know what is a tool's.
        self._calls = Calls() if rules.any_tool_closed or not rules.text else None

    def note(self, doc: JsonText) -> None:
        """Learn which tools `doc` calls."""
        if self._calls is not None:
            self._calls.note(doc)

    def restorer(self, tokens: TokenMap, doc: JsonText, text: Slot | Delta) -> Restorer:
        """The restorer of a text of `doc`, or of the stream that begins with this piece."""
        place = place_of(text.treat)
        if self._calls is None:
            return Restorer(tokens, place, self.text)
        argument = self._calls.at(doc, text.leaf.path)
        if argument is None:
            return Restorer(tokens, place, self.text)
        return Restorer(tokens, place, self._of(argument, place, text.leaf.kind == "key"))

    def _of(self, argument: Argument, place: Place, is_key: bool) -> Places:
        rules = self._rules
        # Whoever closes some tool does not want an unknown one to be open.
        known = bool(argument.tool) or not rules.any_tool_closed
        rule = rules.tool(argument.tool) if known else None
        if rule is None:
            return _CLOSED
        # The name of a member counts as one that nobody can know yet.
        way: tuple[Step, ...] = argument.way
        way = (*way[:-1], None) if is_key else way
        where = _arguments(rule, way)
        urls, images = rule.urls or rules.urls, rule.images or rules.images
        if where is None or place is not Place.PLAIN:
            return Places(urls, images, arguments=where)
        return Places(urls, images, opened=where.opens(()))


def _arguments(rule: ToolRule, way: tuple[Step, ...]) -> Arguments | None:
    """The rules about places in the arguments, below `way`; None when there are none."""
    if rule.allowed is None and not rule.closed:
        return None
    return Arguments(rule.allowed, rule.closed, way)
