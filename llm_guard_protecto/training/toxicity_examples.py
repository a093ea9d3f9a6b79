"""What the toxicity student learns from: texts the teachers scored, and sentences by grammar.

Unlabelled texts are read in the windows in which they will be read at run time. Splices of two texts
and rude texts in disguise are scored by the teachers too; sentences by grammar bring their own
targets. A small part, picked by hash, is never learned from and serves to calibrate.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from llm_guard_protecto.detect.toxicity import FLOOR, NO_ROW, embedding_rows, windows, words
from llm_guard_protecto.training.toxicity_sentences import IDENTITY_WORDS, harmful, harmless
from llm_guard_protecto.training.toxicity_teachers import Teacher, mean_logits

__all__ = ["Example", "Mix", "Vocabulary", "gather", "key", "logit"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

#: Teachers' logits are kept within these; beyond, differences mean nothing.
LOWEST, HIGHEST = -10.0, 8.0

#: A single word below this logit of toxicity is taught as harmless.
SUSPECT = -1.5

#: By how much a group's name may raise each logit, and the words that address somebody.
MENTION = (0.8, 0.8, 0.8, 0.8, 0.8, 2.0)
ADDRESSED = frozenset({"you", "your", "you're", "u", "ur", "youre", "yourself", "ya"})


@dataclass(frozen=True, slots=True)
class Mix:
    """How many examples of each kind: per family of the grammar, disguised, and single words."""

    harmless: int = 3000
    harmful: int = 2500
    disguised: int = 6000
    single: int = 6000


@dataclass(frozen=True, slots=True)
class Example:
    """One window of text as vocabulary numbers, its target logits and its weight in the loss."""

    ids: Ints
    target: Floats
    weight: float


class Vocabulary:
    """Every distinct word of the training texts with its embedding rows; number 0 is the blank."""

    def __init__(self) -> None:
        """Start with the blank only."""
        self.numbers: dict[str, int] = {}

    def add(self, found: Sequence[str]) -> Ints:
        """Give the numbers of words, adding those that are new."""
        numbers = self.numbers
        return np.array([numbers.setdefault(w, len(numbers) + 1) for w in found], np.int64)

    def freeze(self) -> None:
        """Work out the rows of all words."""
        listed = list(self.numbers)
        whole, rows, sizes = embedding_rows(listed)
        self.whole = np.append(0, whole)
        own = rows != NO_ROW
        owner = np.nonzero(own)[1]
        owner = np.arange(len(listed)).repeat(sizes)[owner]
        self.rows = rows[own][np.argsort(owner, kind="stable")]
        self.counts = np.array([0, *np.bincount(owner, minlength=len(listed))], np.int64)
        self.starts = np.cumsum(self.counts) - self.counts

    def grams(self, numbers: Ints) -> tuple[Ints, Ints]:
        """Give the n-gram rows of some words one after another, and where each word starts."""
        counts = self.counts[numbers]
        offsets = np.cumsum(counts) - counts
        spread = np.arange(counts.sum()) - np.repeat(offsets, counts)
        return self.rows[np.repeat(self.starts[numbers], counts) + spread], offsets


def gather(
    texts: Iterable[str], teachers: Sequence[Teacher], never: set[str], mix: Mix, seed: int
) -> tuple[list[Example], Vocabulary, list[str]]:
    """Give the examples, their vocabulary, and the texts held back.

    `never` holds the keys (see `key`) of texts that must not be learned from.
    """
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose, nothing is secret
    pieces = list(dict.fromkeys(_pieces(text for text in texts if key(text) not in never)))
    learn = [piece for piece in pieces if not _held_back(piece)]
    held = [piece for piece in pieces if _held_back(piece)]
    spliced = [_splice(chance.choice(learn), chance.choice(learn), chance) for _ in learn[::2]]
    vocabulary = Vocabulary()

    def example(text: str, target: Floats, weight: float = 1.0) -> Example:
        return Example(vocabulary.add(words(text)), target, weight)

    scored = [*_scored(teachers, learn), *_scored(teachers, spliced)]
    examples = [example(text, target) for text, target in scored if words(text)]
    for text, chances in (*harmless(chance, mix.harmless), *harmful(chance, mix.harmful)):
        if key(text) not in never:
            examples.append(example(text, logit(np.array(chances)).clip(LOWEST, HIGHEST)))
    rude = _rude_words(teachers)
    loud = [(text, y) for text, y in scored if y[0] > 0 and rude & {*words(text)}]
    for text, target in chance.choices(loud, k=mix.disguised):
        examples.append(example(_disguise(text, rude, chance), target))
    # A text of one word is the hardest to stay calm about: teach what the teachers say of each.
    common = [word for word, n in teachers[0].words.items() if n < mix.single]
    bare = [word for word in common if words(word) == [word] and word not in IDENTITY_WORDS]
    calm = logit(np.array(FLOOR))
    for word, target in _scored(teachers, bare):
        examples.append(example(word, target if target[0] > SUSPECT else calm, 0.3))
    vocabulary.freeze()
    return examples, vocabulary, held


def _scored(teachers: Sequence[Teacher], texts: Sequence[str]) -> list[tuple[str, Floats]]:
    """Let the teachers score texts, without what they hold against the mere mention of a group.

    A text that names a group and addresses nobody is scored once more without the group's name, and
    may then be worse for that name by `MENTION` at most.
    """
    said = mean_logits(teachers, texts)
    found = [words(text) for text in texts]
    named = [
        at
        for at, spoken in enumerate(found)
        if IDENTITY_WORDS & {*spoken} and not ADDRESSED & {*spoken}
    ]
    if named:
        without = [" ".join(w for w in found[at] if w not in IDENTITY_WORDS) for at in named]
        said[named] = np.minimum(said[named], mean_logits(teachers, without) + np.array(MENTION))
    return list(zip(texts, said.clip(LOWEST, HIGHEST), strict=True))


def _pieces(texts: Iterable[str]) -> Iterator[str]:
    """Cut texts into the windows in which they will be read."""
    for text in texts:
        found = words(text)
        cover = windows(len(found))
        if len(cover) == 1:
            yield text
        else:
            yield from (" ".join(found[start:end]) for start, end in cover)


def _splice(one: str, other: str, chance: random.Random) -> str:
    """Put a run of words of one text before a run of another, or leave the other out.

    The teachers score these as well, which shows the student many more word neighbourhoods.
    """

    def run(text: str) -> list[str]:
        found = words(text)
        size = chance.randint(min(3, len(found)), min(len(found), 50))
        start = chance.randint(0, len(found) - size)
        return found[start : start + size]

    return " ".join(run(one) + (run(other) if chance.random() < 0.5 else []))


def _rude_words(teachers: Sequence[Teacher]) -> set[str]:
    """Find the words that both teachers call obscene when they stand alone."""
    listed = [word for word, n in teachers[0].words.items() if n < 20_000 and word.isalpha()]
    return {w for w, y in zip(listed, mean_logits(teachers, listed), strict=True) if y[2] > 0}


_LOOKALIKES = {"a": "@4", "e": "3", "i": "1!", "o": "0", "s": "$5", "u": "*", "c": "k", "t": "7"}


def _disguise(text: str, rude: set[str], chance: random.Random) -> str:
    """Mask the rude words of a text the way people do: stars, look-alikes, drawn-out letters."""

    def mask(word: str) -> str:
        if word not in rude or len(word) < 3:
            return word
        way = chance.randrange(4)
        at = chance.randrange(1, len(word) - 1) if len(word) > 2 else 1
        if way == 0:
            return word[:at] + "*" * chance.choice((1, len(word) - 1 - at)) + word[-1]
        if way == 1:
            return word[:1] + "*" * (len(word) - 1)
        if way == 2:
            return "".join(
                chance.choice(_LOOKALIKES[c]) if c in _LOOKALIKES and chance.random() < 0.6 else c
                for c in word
            )
        return word[:at] + word[at] * 3 + word[at + 1 :]

    return " ".join(map(mask, words(text)))


def key(text: str) -> str:
    """Give a text as it is compared: its words only."""
    return " ".join(words(text))


def _held_back(text: str) -> bool:
    return hashlib.blake2b(text.encode("utf-8", "replace")).digest()[0] < 12


def logit(p: npt.NDArray[np.float64]) -> Floats:
    """Give the logit of probabilities."""
    logits: Floats = np.log(p / (1 - p)).astype(np.float32)
    return logits
