r"""The forms that models, renderers and people give to tokens: each written once, for any token.

A `Token` is a wrapper around a row of words. A form bends one into what a reply holds, and says
what a reader must see in its place. Tokens of other products are rows of one word (`PERSON_1`), so
a form that needs more answers None for them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from html.entities import codepoint2name
from typing import Literal

__all__ = ["FORMS", "PROMISED", "Form", "Group", "Token"]

Group = Literal["case", "space", "wrapper", "escape", "signs", "markdown", "words", "cut"]
"""What a form changes."""

PROMISED: frozenset[Group] = frozenset({"case", "space", "wrapper", "escape"})
"""The groups of which every single token has to come back."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token in its wrapper, or a clear value (without one), cut into words."""

    opens: str
    words: tuple[str, ...]
    closes: str
    tag: str = "PER"
    gap: str = " "

    @property
    def inner(self) -> str:
        """What stands in the wrapper."""
        return self.gap.join(self.words)

    def __str__(self) -> str:
        """The token as it was issued."""
        return self.opens + self.inner + self.closes


@dataclass(frozen=True, slots=True)
class Form:
    """One form: `bend` writes it (None: such a token cannot have it), `want` is what must be read.

    `want` is given the clear value, a `Token` without a wrapper. With `stays` the reply must be
    left as it is.
    """

    name: str
    group: Group
    bend: Callable[[Token], str | None]
    want: Callable[[Token], str] = str
    stays: bool = False


def _wrapped(opens: str, closes: str) -> Callable[[Token], str | None]:
    """The same token in other brackets; None when they are its own."""

    def bend(token: Token) -> str | None:
        head = _swap(token.opens, opens, closes)
        tail = _swap(token.closes, opens, closes)
        return None if head == token.opens else head + token.inner + tail

    return bend


def _swap(side: str, opens: str, closes: str) -> str:
    return "".join([opens if c in "<[«" else closes if c in ">]»" else c for c in side])


def _escaped(escape: Callable[[str], str], signs: str = "") -> Callable[[Token], str | None]:
    """Every sign of the wrapper, and those of `signs` in the token, written as an escape."""

    def bend(token: Token) -> str | None:
        sides = [
            "".join([c if c.isalnum() or c in " _" else escape(c) for c in side])
            for side in (token.opens, token.closes)
        ]
        inner = "".join([escape(c) if c in signs else c for c in token.inner])
        return sides[0] + inner + sides[1]

    return bend


def _named(name: str) -> Callable[[Token], str | None]:
    """The wrapper's name in another language."""

    def bend(token: Token) -> str:
        words = tuple(word.replace(token.tag, name) for word in token.words)
        opens, closes = (side.replace(token.tag, name) for side in (token.opens, token.closes))
        return opens + token.gap.join(words) + closes

    return bend


def _around(before: str, after: str = "") -> tuple[Callable[[Token], str], Callable[[Token], str]]:
    """Something around the whole token, which has to stay there."""

    def around(token: Token) -> str:
        return before + str(token) + after

    return around, around


def _inside(before: str, after: str) -> tuple[Callable[[Token], str], Callable[[Token], str]]:
    def bend(token: Token) -> str:
        return token.opens + before + token.inner + after + token.closes

    return bend, bend


def _gap(gap: str, wrapper: bool = True) -> Callable[[Token], str | None]:
    """Another sign, or none, between the words."""

    def bend(token: Token) -> str | None:
        if len(token.words) < 2:
            return None
        bent = replace(token, gap=gap)
        return str(bent) if wrapper else bent.inner

    return bend


def _joined(gap: str) -> Callable[[Token], str]:
    return lambda value: str(replace(value, gap=gap))


def _broken(sign: str) -> Callable[[Token], str]:
    """Something put into the middle of the last word."""

    def bend(token: Token) -> str:
        last = token.words[-1]
        # A run is broken where both halves hold two characters at least.
        half = max(2, len(last) // 2)
        words = (*token.words[:-1], last[:half] + sign + last[half:])
        return str(replace(token, words=words))

    return bend


def _each(change: Callable[[str], str]) -> Callable[[Token], str]:
    """Every word changed, the wrapper left."""

    def bend(token: Token) -> str:
        return str(replace(token, words=tuple(map(change, token.words))))

    return bend


def _one_word(
    index: int, template: str = "{}"
) -> tuple[Callable[[Token], str | None], Callable[[Token], str]]:
    """One word of a row, alone."""

    def bend(token: Token) -> str | None:
        return template.format(token.words[index]) if len(token.words) > 1 else None

    def want(value: Token) -> str:
        return template.format(value.words[index])

    return bend, want


def _wide(text: str) -> str:
    return "".join([chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text])


def _wide_digits(text: str) -> str:
    return "".join([chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in text])


def _arabic(text: str) -> str:
    return "".join([chr(0x660 + int(c)) if c.isdigit() else c for c in text])


def _bold_letters(text: str) -> str:
    """Letters and digits as the mathematical bold ones."""
    return "".join([_bold(c) for c in text])


def _bold(char: str) -> str:
    for first, bold in (("A", 0x1D400), ("a", 0x1D41A), ("0", 0x1D7CE)):
        if char.isascii() and char.isalnum() and 0 <= ord(char) - ord(first) < 26:
            return chr(bold + ord(char) - ord(first))
    return char


def _entity(char: str) -> str:
    return f"&{codepoint2name.get(ord(char), f'#{ord(char)}')};"


def _percent(char: str) -> str:
    return "".join([f"%{byte:02X}" for byte in char.encode()])


def _open_only(token: Token) -> str:
    return token.opens + token.inner


def _half_sign(token: Token) -> str:
    return str(token)[:-1]


def _unslashed(token: Token) -> str | None:
    return token.opens + token.inner + token.opens if "/" in token.closes else None


def _self_closed(token: Token) -> str | None:
    if "/" not in token.closes:
        return None
    return token.opens[:-1] + "/>" + token.inner + token.closes


def _attribute(token: Token) -> str | None:
    if "/" not in token.closes:
        return None
    return f'{token.opens[:-1]} class="name">{token.inner}{token.closes}'


def _spaced_sides(token: Token) -> str:
    """Blanks inside the brackets of the wrapper: `< PER >`."""

    def spaced(side: str) -> str:
        return side[:1] + " " + side[1:-1] + (" " if side[1:-1] else "") + side[-1:]

    if not token.opens[1:]:
        return f"{token.opens} {token.inner} {token.closes}"
    return spaced(token.opens) + token.inner + spaced(token.closes)


def _slashed(token: Token) -> str | None:
    return str(token).replace("/", "\\/") if "/" in token.closes else None


def _nested(token: Token) -> str:
    return token.opens + str(token) + token.closes


def _quoted_inside(token: Token) -> str:
    return f'{token.opens}"{token.inner}"{token.closes}'


def _word_bold(token: Token) -> str | None:
    if len(token.words) < 2:
        return None
    return f"{token.opens}**{token.words[0]}** {token.gap.join(token.words[1:])}{token.closes}"


def _word_bold_value(value: Token) -> str:
    return f"**{value.words[0]}** {value.gap.join(value.words[1:])}"


def _last_first(token: Token) -> str | None:
    return f"{token.words[-1]}, {token.words[0]}" if len(token.words) == 2 else None


def _cells(token: Token) -> str | None:
    return "| " + " | ".join(token.words) + " |" if len(token.words) > 1 else None


def _cut_word(token: Token) -> str:
    """The reply ends inside the last word, by `max_tokens`."""
    return token.opens + token.words[-1][:-2] if len(token.words) == 1 else _cut_row(token)


def _cut_row(token: Token) -> str:
    return token.opens + token.words[0][:-1]


def _reversed_words(token: Token) -> str:
    return token.opens + token.words[0][::-1] + token.closes


def _initial(token: Token) -> str | None:
    """First words as initials: `C. PvBCff2`."""
    if len(token.words) < 2:
        return None
    heads = [word[0].upper() + "." for word in token.words[:-1]]
    # A digit with a point after it begins a numbered list.
    return None if any(head[0].isdigit() for head in heads) else " ".join([*heads, token.words[-1]])


def _initial_value(value: Token) -> str:
    return " ".join([*(word[0].upper() + "." for word in value.words[:-1]), value.words[-1]])


def _camel(token: Token) -> str | None:
    if len(token.words) < 2:
        return None
    return "".join([word[:1].upper() + word[1:].lower() for word in token.words])


def _tabled(token: Token) -> str:
    return f"| Name | City |\n|---|---|\n| {token} | Bonn |"


FORMS: tuple[Form, ...] = (
    Form("as issued", "case", str),
    Form("lower case", "case", lambda t: str(t).lower()),
    Form("upper case", "case", lambda t: str(t).upper()),
    Form("title case", "case", lambda t: str(t).title()),
    Form("case swapped", "case", lambda t: str(t).swapcase()),
    Form("camel case, run together", "case", _camel, _joined("")),
    Form("blanks doubled", "space", _gap("  "), _joined("  ")),
    Form("blanks left out", "space", _gap(""), _joined("")),
    Form("tab between words", "space", _gap("\t"), _joined("\t")),
    Form("no-break space", "space", _gap("\u00a0"), _joined("\u00a0")),
    Form("thin space", "space", _gap("\u2009"), _joined("\u2009")),
    Form("line wrap between words", "space", _gap("\n"), _joined("\n")),
    Form("line wrap, CRLF", "space", _gap("\r\n"), _joined("\r\n")),
    Form("line wrap inside a word", "space", _broken("\n")),
    Form("blanks inside the wrapper", "space", lambda t: f"{t.opens} {t.inner} {t.closes}"),
    Form("line ends inside it", "space", lambda t: f"{t.opens}\n  {t.inner}\n{t.closes}"),
    Form("blanks in its brackets", "space", _spaced_sides),
    Form("zero-width signs in a word", "space", _broken("\u200b")),
    Form("word joiner, soft hyphen", "space", _broken("\u2060\u00ad")),
    Form("square brackets", "wrapper", _wrapped("[", "]")),
    Form("round brackets", "wrapper", _wrapped("(", ")")),
    Form("braces", "wrapper", _wrapped("{", "}")),
    Form("doubled braces", "wrapper", _wrapped("{{", "}}")),
    Form("doubled square brackets", "wrapper", _wrapped("[[", "]]")),
    Form("angle quotes", "wrapper", _wrapped("‹", "›")),
    Form("full-width brackets", "wrapper", _wrapped("＜", "＞")),
    Form("corner brackets", "wrapper", _wrapped("「", "」")),
    Form("wrapper lost", "wrapper", lambda t: t.inner),
    Form("closing half lost", "wrapper", _open_only),
    Form("opening half lost", "wrapper", lambda t: t.inner + t.closes),
    Form("last sign lost", "wrapper", _half_sign),
    Form("first sign lost", "wrapper", lambda t: str(t)[1:]),
    Form("wrapper doubled", "wrapper", _nested),
    Form("closed by an opening tag", "wrapper", _unslashed),
    Form("tag closed in itself", "wrapper", _self_closed),
    Form("tag with an attribute", "wrapper", _attribute),
    Form("name translated, Spanish", "wrapper", _named("PERSONA")),
    Form("name translated, French", "wrapper", _named("Personne")),
    Form("name spelt out", "wrapper", _named("Person")),
    Form("HTML entities", "escape", _escaped(_entity)),
    Form("HTML entities, twice", "escape", _escaped(lambda c: _entity(c).replace("&", "&amp;"))),
    Form("HTML numbers", "escape", _escaped(lambda c: f"&#{ord(c)};")),
    Form("HTML numbers, hex", "escape", _escaped(lambda c: f"&#x{ord(c):X};")),
    Form("JSON escapes in text", "escape", _escaped(lambda c: f"\\u{ord(c):04x}")),
    Form("JSON escapes, twice", "escape", _escaped(lambda c: f"\\\\u{ord(c):04x}")),
    Form("percent escapes", "escape", _escaped(_percent)),
    Form("percent escapes, blanks too", "escape", _escaped(_percent, " "), _joined("%20")),
    Form("slash escaped", "escape", _slashed),
    Form("Markdown escapes", "escape", _escaped(lambda c: "\\" + c, "_")),
    Form("Markdown escape in a word", "escape", _broken("\\")),
    Form("full-width digits", "signs", _each(_wide_digits)),
    Form("full-width throughout", "signs", _each(_wide)),
    Form("Arabic digits", "signs", _each(_arabic)),
    Form("bold letters", "signs", _each(_bold_letters)),
    Form("bold", "markdown", *_around("**", "**")),
    Form("italic", "markdown", *_around("_", "_")),
    Form("bold inside the wrapper", "markdown", *_inside("**", "**")),
    Form("one word bold", "markdown", _word_bold, _word_bold_value),
    Form("emphasis inside a word", "markdown", _broken("*")),
    Form("code span", "markdown", *_around("`", "`")),
    Form("code fence", "markdown", *_around("```\nname = ", "\n```")),
    Form("link text", "markdown", *_around("[", "](https://a.example)")),
    Form("heading", "markdown", *_around("## ", "\n")),
    Form("list item", "markdown", *_around("- ", "\n- x")),
    Form("numbered list", "markdown", *_around("1. ", "\n2. x")),
    Form("table cell", "markdown", _tabled, _tabled),
    Form("block quotation", "markdown", *_around("> ", "\n")),
    Form("quotation marks inside", "markdown", *_inside('"', '"')),
    Form("quotation marks around", "markdown", *_around("“", "”")),
    Form("possessive", "words", *_around("", "'s")),
    Form("possessive, curly, bare", "words", lambda t: f"{t.inner}’s", lambda v: f"{v}’s"),
    Form("plural possessive", "words", *_one_word(-1, "the {}s' house")),
    Form("plural", "words", *_one_word(-1, "both {}s")),
    Form("hyphenated at a line's end", "words", _broken("-\n")),
    Form("first word only", "words", *_one_word(0)),
    Form("last word, with a title", "words", *_one_word(-1, "Mr. {}")),
    Form("last word, in the wrapper", "words", lambda t: _last_wrapped(t), lambda v: v.words[-1]),
    Form("last word first", "words", _last_first, lambda v: f"{v.words[-1]}, {v.words[0]}"),
    Form("words in two cells", "words", _cells, lambda v: "| " + " | ".join(v.words) + " |"),
    Form("hyphen between words", "words", _gap("-"), _joined("-")),
    Form("Unicode hyphen between words", "words", _gap("\u2011"), _joined("\u2011")),
    Form("underscore between words", "words", _gap("_", wrapper=False), _joined("_")),
    Form("initials", "words", _initial, _initial_value),
    Form("punctuation after it", "words", *_around("", ":;!?")),
    Form("twice, run together", "words", lambda t: t.inner * 2, lambda v: str(v) * 2),
    Form("cut off by max_tokens", "cut", _cut_word, stays=True),
    Form("spelt backwards", "cut", _reversed_words, stays=True),
)


def _last_wrapped(token: Token) -> str | None:
    return token.opens + token.words[-1] + token.closes if len(token.words) > 1 else None
