"""What detection costs: a prompt, a long document, the worst input, and starting up."""

from __future__ import annotations

import base64
import json
import string
import subprocess
import sys
import time
from collections.abc import Sequence
from random import Random

from tests.bench.detection_engines import decided, one_thread
from tests.bench.detection_sets import Row
from tests.bench.material import mixed

__all__ = ["adversarial", "document", "hundreds", "start", "worst"]

_START = """
import json, resource, time
began = time.process_time()
from llm_guard_protecto.detect.find import find
find(["Anna Example lives in Milldale, anna@example.com."])
took = time.process_time() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([took, peak]))
"""


def hundreds(rows: Sequence[Row], count: int) -> list[Row]:
    """Prompts of exactly 100 words, cut from the texts of `rows`."""
    words = " ".join(row["text"] for row in rows).split()
    prompts = [" ".join(words[at : at + 100]) for at in range(0, len(words) - 99, 100)][:count]
    return [{"id": str(n), "text": text, "spans": []} for n, text in enumerate(prompts)]


def document() -> float:
    """KB a second, by processor time, on a document of 1 MB; the better of two."""
    text = mixed(1_000_000)
    return len(text) / 1024 / min(_seconds(text) for _ in range(2))


def _seconds(text: str) -> float:
    began = time.process_time()
    decided(text)
    return time.process_time() - began


def worst() -> tuple[str, float]:
    """The slowest kind of hostile text of 20 kB, and its milliseconds (the better of two)."""
    decided("Warm up.")
    took = {
        name: min(_seconds(text) for _ in range(2)) * 1000 for name, text in adversarial().items()
    }
    slowest = max(took, key=lambda name: took[name])
    return slowest, took[slowest]


def adversarial(size: int = 20_000) -> dict[str, str]:
    """Texts made to be slow: repeated beginnings of everything that a rule looks for."""
    pieces = {
        "letters": "a",
        "digits": "7",
        "digits apart": "7 ",
        "digits and dashes": "12-",
        "digits and dots": "1.",
        "capitals": "A B ",
        "names": "Anna Maria ",
        "at signs": "@",
        "half addresses": "a@",
        "dotted": "a.b@c.",
        "links": "http://a/",
        "queries": "http://a?b=c&",
        "percent": "%41%2",
        "entities": "&#65;&amp",
        "escapes": "\\u0041\\x4",
        "brackets": '{"a":[(',
        "quotes": "'\"`",
        "zero width": "a\u200b",
        "full width": "１２",
        "combining": "e\u0301\u0300",
        "homoglyphs": "аe",
        "number words": "four two one ",
        "spelt signs": "anna at b dot ",
        "keys": "sk-a api_key=",
        "passwords": "password: ",
        "private keys": "-----BEGIN PRIVATE KEY-----\n",
        "tokens": "eyJhbGciOi.",
        "account numbers": "DE00 1234 ",
        "dates": "1/1/",
        "line ends": "\n",
        "blanks": " ",
        "emoji": "😀",
        "colons": "a:b::",
        "hex": "0x4f",
        "streets": "12 High Street, ",
        "titles": "Dr. Mr. ",
        "initials": "a. b. ",
        "two letters": "ab.",
        "nested percent": "%25",
        "markup": "<b>a</b>",
        "records": '{"name": "Anna", "id": 1234567}, ',
        "rows": "Anna,3,77\n",
        "cards": "4111 1111 1111 1111 ",
        "addresses said": "anna at b dot com ",
    }
    texts = {name: (piece * size)[:size] for name, piece in pieces.items()}
    code = base64.b64encode(("anna@example.com 7 " * size).encode()).decode()
    return (
        texts
        | _soups(size)
        | {
            "base64": code[:size],
            "base64 words": " ".join(code[i : i + 24] for i in range(0, size, 25)),
            "hosts": " ".join(f"http://a{n}.com/x?y={n}" for n in range(size))[:size],
            "mailboxes": " ".join(f"a{n}@b{n}.com" for n in range(size))[:size],
        }
    )


def _soups(size: int) -> dict[str, str]:
    """Random characters: no word twice, and something of everything."""
    random = Random(3)

    def soup(characters: Sequence[str]) -> str:
        return "".join(random.choices(characters, k=size))

    everything = [chr(code) for code in range(32, 0x11000)]
    return {
        "soup of ASCII": soup(string.printable),
        "soup of letters": soup(string.ascii_letters + "  "),
        "soup of digits": soup(string.digits + " .-/,"),
        "soup of scripts": soup("aаeеoоpр ."),
        "soup of Greek": " ".join(soup("αβγδεζηθικλμνξοπρστυφχψω"))[:size],
        "soup of Han": soup(everything[0x4E00:0x9FFF]),
        "soup of Han apart": " ".join(soup(everything[0x4E00:0x9FFF]))[:size],
        "soup of emoji": soup("😀😃😄ab"),
        "soup of everything": soup(everything),
    }


def start() -> tuple[float, float]:
    """Seconds of processor time until a new process has found its first name, and its peak in MB."""
    runs = [
        json.loads(
            subprocess.run(
                [sys.executable, "-c", _START], capture_output=True, check=True, env=one_thread()
            ).stdout
        )
        for _ in range(4)
    ]
    return min(run[0] for run in runs), min(run[1] for run in runs)
