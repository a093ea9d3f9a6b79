"""Does retrieval still work on masked documents? `python -m tests.bench.rag` prints the table."""
