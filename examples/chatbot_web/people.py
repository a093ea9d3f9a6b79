"""Who may see what. In your application this is your login and your roles."""

from dataclasses import dataclass

CUSTOMERS = ("c-1001", "c-1002")


@dataclass(frozen=True)
class Viewer:
    """Somebody who reads chats.

    `customer` is whose chat they write, None for staff, who read every chat and write none.
    `sees` names the entities that are shown to them; None for all.
    """

    title: str
    customer: str | None = None
    sees: frozenset[str] | None = None

    def may_read(self, customer: str) -> bool:
        """Whether this chat is theirs to read."""
        return self.customer in (None, customer)


VIEWERS = {
    "demo-1001": Viewer("Customer c-1001", "c-1001"),
    "demo-1002": Viewer("Customer c-1002", "c-1002"),
    "demo-support": Viewer("Support: sees names", sees=frozenset({"PERSON"})),
    "demo-audit": Viewer("Audit: sees no value", sees=frozenset()),
}
"""By their token. These are no secrets: the page lists them, so that you can change sides."""
