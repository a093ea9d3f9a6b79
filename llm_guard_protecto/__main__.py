"""`python -m llm_guard_protecto`: the same as the `llm-guard-protecto` command."""

from llm_guard_protecto.cli import main

main()
