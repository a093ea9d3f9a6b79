"""Strategies for texts with everything in them: people, numbers, wrappers, tokens, odd characters.

All people are invented.
"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

__all__ = ["VALUES", "texts"]

VALUES = (
    "Sarah Johnson",
    "Johnson",
    "Øystein Brandvold",
    "O'Malley",
    "王小明",
    "sarah.johnson@example.com",
    "(555) 987-6543",
    "+44 7943 582088",
    "4111 1111 1111 1111",
    "192.168.17.4",
    "00:1A:2B:3C:4D:5E",
    "https://www.example.com/a?b=Sarah",
    "456 Elm Avenue, Boston",
    "DE89 3704 0044 0532 0130 00",
    "123-45-6789",
)

_GLUE = (
    " ", " ", " ", ", ", ". ", "\n", "\r\n", "\t", "", "<PER>", "</PER>", "<PHN>", "</ADDRESS>",
    "{Person Name ", "}", "<", ">", "</", "&lt;PER&gt;", "**", "'s", '"', "\\", "\x00", "\ud800",
    "\u200b", "e\u0301", "🙂", "12345", "14720", "word", "The", "K7dPq", "Xq2ab", "at", "called",
)  # fmt: skip


def texts(planted: Sequence[str] = ()) -> st.SearchStrategy[str]:
    """Texts glued together from values, separators, wrappers, `planted` strings and anything."""
    piece = st.one_of(
        st.sampled_from(VALUES),
        st.sampled_from(_GLUE),
        st.sampled_from(_GLUE),
        st.text(max_size=6),
        st.text(alphabet=st.characters(), max_size=3),
        *([st.sampled_from(list(planted))] if planted else []),
    )
    return st.lists(piece, max_size=14).map("".join)
