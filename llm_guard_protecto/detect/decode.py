"""From the scores of each tag to the best sequence of tags that makes sense.

The best tag of each word by itself is nearly always a legal sequence already, and then it is the
best one. Only where it is not, the stretch of words around is searched properly (Viterbi), all
such stretches at once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from math import exp, log

import numpy as np
import numpy.typing as npt

from llm_guard_protecto.detect.features import Floats
from llm_guard_protecto.detect.network import ENTITIES, TAGS

__all__ = ["decode", "entities", "together"]

Tags = npt.NDArray[np.intp]
_Row = tuple[int, int, float]
"""A word that is in an entity: its row, its tag, the probability that it is in one."""

_OUTSIDE = 0
_BEGIN, _INSIDE, _END, _SINGLE = range(4)  # of an entity's tags
_CLOSE = 3.0  # so many tags that are alike add up to less
_LONGEST = 64  # words in one stretch; a longer one is cut
_CLOSE_SHARE = exp(_CLOSE)
_FEW = 32  # words, in all stretches, up to which Python takes less time than NumPy


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
_MAY_OPEN: list[bool] = _OPENS.tolist()
_CLOSERS = [i for i, tag in enumerate(TAGS) if tag[0] in "OES"]
_BEGINS = [i for i, tag in enumerate(TAGS) if tag[0] == "B"]


def entities(scores: Floats) -> list[tuple[int, int, str, float]]:
    """`(first word, last word, entity, score)` of each entity in `scores`, in order.

    The score is the mean probability of its words not to be `O`. Most words are plainly `O`; only
    the others are looked at, and they are so few that Python takes less time for them than NumPy.
    See `decode` for the first and the last row.
    """
    columns = np.ascontiguousarray(scores.T)  # the largest of a column takes a fifth of the time
    best = columns[1:].max(axis=0)
    near = (columns[_OUTSIDE] - best < _CLOSE).nonzero()[0]
    if not len(near):
        return []
    some = scores.take(near, axis=0)
    shares = np.exp(some - best.take(near)[:, None])
    others = shares[:, 1:].sum(axis=1)
    tags = some[:, 1:].argmax(axis=1) + 1
    words = list(
        zip(
            near.tolist(), tags.tolist(), others.tolist(), shares[:, _OUTSIDE].tolist(), strict=True
        )
    )
    rows = [
        (row, tag, share / (share + outside))
        for row, tag, share, outside in words
        if share > outside  # all tags but `O` together, as in `together`
    ]
    found = _whole(rows)
    if found is None:
        found = _whole(_mended(scores, rows, words))
    if found is None:
        legal = decode(together(scores))
        near = legal.nonzero()[0]
        tags = legal.take(near)
        some = scores.take(near, axis=0)
        shares = np.exp(some - some.max(axis=1, keepdims=True))
        sure = 1 - shares[:, _OUTSIDE] / shares.sum(axis=1)
        found = _whole(zip(near.tolist(), tags.tolist(), sure.tolist(), strict=True))
    return found or []


def _mended(
    scores: Floats, rows: Sequence[_Row], words: Sequence[tuple[int, int, float, float]]
) -> Iterable[_Row]:
    """`rows` with the best legal tags for each run of words that has illegal ones.

    As `decode` does it, but for a few words; more of them are left as they are. `words`: the row,
    the best tag, the shares of all tags but `O` and of `O` of each word that is not plainly `O`.
    """
    around = _around_illegal(rows, len(scores))
    if sum(last - first for first, last in around) > _FEW:
        return rows
    shares = {row: (share, outside) for row, _, share, outside in words}
    mended: list[_Row] = []
    for first, last in around:
        lines = scores[first:last].tolist()
        for row, line in enumerate(lines, first):
            if row in shares:
                share, outside = shares[row]
                if outside * _CLOSE_SHARE > 1:
                    line[_OUTSIDE] -= log(share)
        for row, tag in enumerate(_path(lines), first):
            if tag != _OUTSIDE:
                share, outside = shares.get(row) or _shares(lines[row - first])
                mended.append((row, tag, share / (share + outside)))
    kept = (one for one in rows if not any(a <= one[0] < b for a, b in around))
    return sorted((*kept, *mended))


def _around_illegal(rows: Sequence[_Row], size: int) -> list[tuple[int, int]]:
    """The stretches of words to mend: an illegal run with an `O` on each side.

    Where a run begins as none may, what is before that `O` may belong to it too.
    """
    inside = {row for row, _, _ in rows}
    found: list[tuple[int, int]] = []
    done = 0
    for run in _unbroken(rows):
        first, last = run[0][0] - 1, run[-1][0] + 2
        if last < done or _whole(run) is not None:
            continue
        if not _MAY_OPEN[run[0][1]]:
            first -= 1
            while first in inside:
                first -= 1
        found.append((max(first, done), min(last, size)))
        done = found[-1][1]
    return found


def _shares(line: list[float]) -> tuple[float, float]:
    """The shares of all tags but `O`, and of `O`, of a word that is plainly `O`."""
    outside = line[_OUTSIDE]
    return sum(exp(score - outside) for score in line[1:]), 1.0


def _unbroken(rows: Sequence[_Row]) -> Iterator[Sequence[_Row]]:
    """The runs of neighbouring words."""
    start = 0
    for at in range(1, len(rows) + 1):
        if at == len(rows) or rows[at][0] != rows[at - 1][0] + 1:
            yield rows[start:at]
            start = at


def _whole(
    rows: Iterable[_Row],
) -> list[tuple[int, int, str, float]] | None:
    """The entities that words (row, tag, probability) make up; None when that is not legal."""
    found: list[tuple[int, int, str, float]] = []
    last = kind = -1
    first = 0
    total = 0.0
    for row, tag, sure in rows:
        own, place = divmod(tag - 1, 4)
        if place in (_BEGIN, _SINGLE):
            if kind >= 0:
                return None
            first, total = row, sure
        else:
            if own != kind or row != last + 1:
                return None
            total += sure
        if place in (_BEGIN, _INSIDE):
            kind, last = own, row
        else:
            found.append((first, row, ENTITIES[own], total / (row + 1 - first)))
            kind = -1
    return found if kind < 0 else None


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
    found = _stretches(tags, sorted(suspects))
    if sum(end - start for start, end in found) <= _FEW:
        for start, end in found:
            tags[start:end] = _path(scores[start:end].tolist())
        return tags
    stretches = np.array(found)
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


def _path(rows: list[list[float]]) -> list[int]:
    """The same over one stretch, given as a list of scores a word: less work for a short one."""
    best = [score if opens else -1e9 for score, opens in zip(rows[0], _MAY_OPEN, strict=True)]
    backs: list[list[int]] = []
    for row in rows[1:]:
        before = max(_CLOSERS, key=best.__getitem__)  # what may stand before a new entity, or `O`
        closed = best[before]
        back = [before] * len(row)
        after = [closed + score for score in row]
        for begin in _BEGINS:
            inside = begin + 1
            open_ = begin if best[begin] >= best[inside] else inside
            back[inside] = back[inside + 1] = open_
            after[inside] = best[open_] + row[inside]
            after[inside + 1] = best[open_] + row[inside + 1]
        best = after
        backs.append(back)
    tags = [max(_CLOSERS, key=best.__getitem__)]
    for back in reversed(backs):
        tags.append(back[tags[-1]])
    return tags[::-1]
