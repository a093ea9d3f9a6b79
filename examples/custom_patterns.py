"""Entities of your own: a pattern, a list of names and a Python function. Runs offline."""

from collections.abc import Sequence

from llm_guard_protecto import LocalVault, Policy, Span

POLICY = Policy.parse(
    {
        "name": "staff",
        "custom": {
            "EMPLOYEE_ID": {"patterns": ["EMP-[0-9]{6}"]},
            "CASE_NO": {"patterns": ["[0-9]{5}"], "near": ["case"], "score": 0.3},
            "PROJECT": {"values": ["Blue Heron", "Old Mill"], "fold": True},
            "TICKET": {},
        },
    }
)
TEXT = "Sarah Johnson (EMP-123456) moved case 40117 and ticket T/b7 to blue heron."


def tickets(texts: Sequence[str]) -> list[list[Span]]:
    """Whatever a program can find: here, words that begin with `T/`."""
    found: list[list[Span]] = []
    for text in texts:
        words = [word for word in text.split() if word.startswith("T/")]
        starts = [text.index(word) for word in words]
        found.append(
            [Span(at, at + len(word), "TICKET") for at, word in zip(starts, words, strict=True)]
        )
    return found


with LocalVault("memory:", policy=POLICY, detectors=[tickets]) as vault:
    [masked] = vault.mask([TEXT])
    [restored] = vault.unmask([masked.token_value])
    [reasons] = vault.explain([TEXT])

print(masked.token_value)
for one in reasons:
    print(f"{one.span.entity:12} {one.outcome:8} {one.span.rule} {' '.join(one.words)}".rstrip())
assert restored.value == TEXT
