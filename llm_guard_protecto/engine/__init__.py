"""The embedded vault: finds, decides, tokenises, seals and stores, all in this process."""

from llm_guard_protecto.engine.local import LocalVault

__all__ = ["LocalVault"]
