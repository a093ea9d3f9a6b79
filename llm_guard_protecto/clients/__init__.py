"""Plugging into other people's clients.

`protect` takes an SDK client and gives back one of the same class whose every call is guarded;
`guarded` does the same for a plain HTTP client, to hand to any framework that accepts one.

    protect ──► side_doors (what does not pass through HTTP is closed or redacted)
       ├─────► signing    (a client that signs its bodies signs the masked one)
       └─────► transport  (one source for httpx and httpx2; sends through the caller's own client)
                   ├─► receipts  (what happened to each call, and the way back to it)
                   ├─► refusal   (every error of ours as an answer the host knows)
                   └─► limits    (how much, how long)
"""

from llm_guard_protecto.clients.limits import Limits
from llm_guard_protecto.clients.protect import guarded, protect
from llm_guard_protecto.clients.receipts import Record, receipt

__all__ = ["Limits", "Record", "guarded", "protect", "receipt"]
