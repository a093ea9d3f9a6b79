"""From the scores of each tag to the best sequence of tags that makes sense.

The best tag of each word by itself is nearly always a legal sequence already, and then it is the
best one. Only where it is not, the stretch of words around is searched properly (Viterbi), all
such stretches at once.
"""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
import numpy.typing as npt

from llm_guard_protecto.detect.features import Floats
from llm_guard_protecto.detect.network import ENTITIES, TAGS

__all__ = ["decode", "runs", "together"]

Tags = npt.NDArray[np.intp]

_OUTSIDE = 0
_CLOSE = 3.0  # so many tags that are alike add up to less
_LONGEST = 64  # words in one stretch; a longer one is cut


def _may_follow() -> npt.NDArray[np.bool_]:
    """[tag, next tag]: whether the next tag may stand after the tag."""
    table = np.zeros((len(TAGS), len(TAGS)), np.bool_)
    for i, tag in enumerate(TAGS):
        open_ = tag[0] in "BI"
        for j, after in enumerate(TAGS):
            table[i, j] = tag[1:] == after[1:] and after[0] in "IE" if open_ else after[0] in "OBS"
    return table


_LEGAL = _may_follow()
_COST = np.where(_LEGAL, 0, -1e9).astype(np.float32)
_EVERY = np.arange(len(TAGS))
_OPENS = np.array([tag[0] in "OBS" for tag in TAGS])
_CLOSES = np.array([tag[0] in "OES" for tag in TAGS])
_FIRST = np.array([tag[0] in "BS" for tag in TAGS])
_LAST = np.array([tag[0] in "ES" for tag in TAGS])


def together(scores: Floats) -> Floats:
    """`scores` in which `O` stands against all other tags together, not against the best of them.

    Whether a word is to be masked is often clear where its type or its place in the name is not;
    the best of many such tags then has a smaller share than `O` has.
    """
    others = scores[:, 1:]
    best = others.max(axis=1)
    close = np.flatnonzero(np.abs(scores[:, _OUTSIDE] - best) < _CLOSE)
    if not len(close):
        return scores
    shares = np.exp(others[close] - best[close, None])
    weighed = scores.copy()
    weighed[close, _OUTSIDE] -= np.log(shares.sum(axis=1))
    return weighed


def decode(scores: Floats) -> Tags:
    """The best legal tags, one a row of `scores` [rows, len(TAGS)].

    The first and the last row are taken for the edges of a text, as is every row whose best tag
    is `O` on the way; rows between texts must therefore be given as certain `O`.
    """
    tags: Tags = scores.argmax(axis=1)
    if not len(tags):
        return tags
    broken = np.flatnonzero(~_LEGAL[tags[:-1], tags[1:]])
    suspects = set(broken.tolist()) | set((broken + 1).tolist())
    if not _OPENS[tags[0]]:
        suspects.add(0)
    if not _CLOSES[tags[-1]]:
        suspects.add(len(tags) - 1)
    if not suspects:
        return tags
    stretches = np.array(_stretches(tags, sorted(suspects)))
    lengths = stretches[:, 1] - stretches[:, 0]
    longest_first = np.argsort(-lengths, kind="stable")
    starts, lengths = stretches[longest_first, 0], lengths[longest_first]
    there = np.arange(lengths[0]) < lengths[:, None]
    rows = (starts[:, None] + np.arange(lengths[0]))[there]
    padded = np.zeros((*there.shape, len(TAGS)), np.float32)
    padded[there] = scores[rows]
    tags[rows] = _search(padded, lengths)[there]
    return tags


def _stretches(tags: Tags, suspects: list[int]) -> list[tuple[int, int]]:
    """The runs of words tagged other than `O` around each suspect, with one `O` on each side."""
    outside = (tags == _OUTSIDE).nonzero()[0].tolist()
    stretches: list[tuple[int, int]] = []
    done = 0
    for at in suspects:
        if at < done:
            continue
        i = bisect_left(outside, at)
        low = outside[i - 1] if i else 0
        if i < len(outside) and outside[i] == at:
            i += 1
        high = outside[i] + 1 if i < len(outside) else len(tags)
        starts = range(max(low, done), high, _LONGEST)
        stretches.extend((start, min(start + _LONGEST, high)) for start in starts)
        done = high
    return stretches


def _search(scores: Floats, lengths: Tags) -> Tags:
    """Viterbi over [stretches, words, tags]; every stretch opens and closes cleanly.

    `lengths`, from the longest to the shortest: how many words of each stretch are real.
    """
    count, longest, _ = scores.shape
    having = (lengths[:, None] > np.arange(longest)).sum(axis=0).tolist()  # an n-th word
    rows = np.arange(count)
    back = np.zeros((longest, count, len(TAGS)), np.intp)
    best = np.where(_OPENS, scores[:, 0], -1e9)
    for at, some in enumerate(having[1:], 1):
        options = best[:some, :, None] + _COST
        before = options.argmax(axis=1)
        back[at, :some] = before
        best[:some] = options[rows[:some, None], before, _EVERY] + scores[:some, at]
    tags: Tags = np.zeros((count, longest), np.intp)
    tags[rows, lengths - 1] = np.where(_CLOSES, best, -1e9).argmax(axis=1)
    for at in range(longest - 1, 0, -1):
        some = having[at]
        tags[:some, at - 1] = back[at, rows[:some], tags[:some, at]]
    return tags


def runs(tags: Tags) -> list[tuple[int, int, str]]:
    """`(first word, last word, entity)` of each entity in legal tags, in order."""
    firsts, lasts = _FIRST[tags].nonzero()[0], _LAST[tags].nonzero()[0]
    kinds = (tags[lasts] - 1) // 4
    found = zip(firsts.tolist(), lasts.tolist(), kinds.tolist(), strict=True)
    return [(first, last, ENTITIES[kind]) for first, last, kind in found]
