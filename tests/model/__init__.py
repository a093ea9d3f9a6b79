"""A real language model behind a protected client; run with `pytest -m model -s tests/model`."""
