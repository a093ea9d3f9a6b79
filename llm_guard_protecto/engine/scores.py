"""Toxicity scores that are worked out when somebody looks: a masked chat pays nothing for them."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping

__all__ = ["Scores"]


class Scores(Mapping[str, float]):
    """The six scores of a clear text, each in [0, 1]; computed on first use, then kept."""

    __slots__ = ("_scores", "_text")

    def __init__(self, text: str) -> None:
        """Remember the text to score; it never shows."""
        self._text: str | None = text
        self._scores: dict[str, float] = {}

    def __getitem__(self, name: str) -> float:
        return self._known()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known())

    def __len__(self) -> int:
        return len(self._known())

    def items(self) -> ItemsView[str, float]:
        """Each name with its score, without the detour that a `Mapping` makes by itself."""
        return self._known().items()

    def __repr__(self) -> str:
        return f"Scores({self._scores})" if self._text is None else "Scores(not worked out yet)"

    def _known(self) -> dict[str, float]:
        text = self._text
        if text is not None:
            from llm_guard_protecto.detect.toxicity import toxicity

            self._scores = toxicity([text])[0]
            self._text = None
        return self._scores
