"""From the scores of each tag to the best sequence of tags that makes sense.

The best tag of each word by itself is nearly always a legal sequence already, and then it is the
best one. Only where it is not, the stretch of words around is searched properly (Viterbi), all
such stretches at once.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from llm_guard_protecto.detect.features import Floats
from llm_guard_protecto.detect.network import ENTITIES, TAGS

__all__ = ["decode", "runs"]

Tags = npt.NDArray[np.intp]

_OUTSIDE = 0
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
_OPENS = np.array([tag[0] in "OBS" for tag in TAGS])
_CLOSES = np.array([tag[0] in "OES" for tag in TAGS])


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
    stretches = _stretches(tags, sorted(suspects))
    longest = max(end - start for start, end in stretches)
    padded = np.zeros((len(stretches), longest, len(TAGS)), np.float32)
    padded[:, :, _OUTSIDE] = 1e6
    for i, (start, end) in enumerate(stretches):
        padded[i, : end - start] = scores[start:end]
    best = _search(padded)
    for i, (start, end) in enumerate(stretches):
        tags[start:end] = best[i, : end - start]
    return tags


def _stretches(tags: Tags, suspects: list[int]) -> list[tuple[int, int]]:
    """The runs of words tagged other than `O` around each suspect, with one `O` on each side."""
    outside = np.flatnonzero(tags == _OUTSIDE)
    stretches: list[tuple[int, int]] = []
    done = 0
    for at in suspects:
        if at < done:
            continue
        i = int(np.searchsorted(outside, at))
        low = int(outside[i - 1]) if i else 0
        if i < len(outside) and outside[i] == at:
            i += 1
        high = int(outside[i]) + 1 if i < len(outside) else len(tags)
        starts = range(max(low, done), high, _LONGEST)
        stretches.extend((start, min(start + _LONGEST, high)) for start in starts)
        done = high
    return stretches


def _search(scores: Floats) -> Tags:
    """Viterbi over [stretches, words, tags]; every stretch opens and closes cleanly."""
    count, length, _ = scores.shape
    back = np.empty((length, count, len(TAGS)), np.intp)
    best = np.where(_OPENS, scores[:, 0], -1e9)
    for at in range(1, length):
        options = best[:, :, None] + _COST
        back[at] = options.argmax(axis=1)
        best = options.max(axis=1) + scores[:, at]
    best = np.where(_CLOSES, best, -1e9)
    tags: Tags = np.empty((count, length), np.intp)
    tags[:, -1] = best.argmax(axis=1)
    rows = np.arange(count)
    for at in range(length - 1, 0, -1):
        tags[:, at - 1] = back[at, rows, tags[:, at]]
    return tags


def runs(tags: Tags) -> list[tuple[int, int, str]]:
    """`(first word, last word, entity)` of each entity in legal tags, in order."""
    found: list[tuple[int, int, str]] = []
    first = 0
    for at in np.flatnonzero(tags).tolist():
        kind, place = divmod(int(tags[at]) - 1, 4)
        if place in (0, 3):
            first = at
        if place in (2, 3):
            found.append((first, at, ENTITIES[kind]))
    return found
