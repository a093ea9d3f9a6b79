"""Run the matrix with the SDKs that are installed here, and write its page."""

from __future__ import annotations

from tests.matrix import run
from tests.matrix.page import PAGE, page
from tests.matrix.test_matrix import NEWEST, newest

if __name__ == "__main__":
    PAGE.write_text(page({name: newest(name) for name in NEWEST}))
    print(f"{PAGE.name}: {sum(len(newest(name)) for name in NEWEST)} cells of {run.__name__}")
