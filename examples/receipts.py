"""What happened to each call, and a log that holds no values. Runs offline.

The log keeps what the provider saw; a support agent who may see names, but no addresses, reads it.
"""

import json

from openai import OpenAI

from llm_guard_protecto import LocalVault, Record, protect, receipt, rehydrate
from llm_guard_protecto.testing import FakeProvider

PROMPT = "Write to Sarah Johnson (sarah.johnson@example.com) that her refund is on its way."

log: list[Record] = []
vault = LocalVault("memory:")
provider = FakeProvider(reply=lambda messages: f"As you asked: {messages[-1]['content']}")
client = protect(
    OpenAI(api_key="none", http_client=provider.client()), vault, on_exchange=log.append
)

reply = client.chat.completions.create(
    model="any-model", messages=[{"role": "user", "content": PROMPT}]
)

happened = receipt(reply)
print("masked:    ", json.dumps(happened.masked))
print("back:      ", happened.restored, "of", happened.issued, "tokens")
print("one line:  ", happened)

message = json.loads(log[0].request)["messages"][0]["content"]
print("in the log:", message)
print("agent sees:", rehydrate(message, vault, show={"PERSON"}))
print("owner sees:", rehydrate(message, vault))
