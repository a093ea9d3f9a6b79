"""A chat completion whose provider never sees a name. Runs offline, on a provider in this process.

With a real provider the two lines that differ are `OpenAI()` and no `FakeProvider`.
"""

from openai import OpenAI

from llm_guard_protecto import LocalVault, protect
from llm_guard_protecto.testing import FakeProvider

PROMPT = "Write to Sarah Johnson (sarah.johnson@example.com) that her refund is on its way."

provider = FakeProvider(reply=lambda messages: f"As you asked: {messages[-1]['content']}")
client = protect(
    OpenAI(api_key="none", http_client=provider.client()),
    LocalVault("memory:"),  # leave it out to use the vault in your data directory
)

reply = client.chat.completions.create(
    model="any-model", messages=[{"role": "user", "content": PROMPT}]
)

print("you wrote:        ", PROMPT)
print("the provider saw: ", provider.requests[-1].json()["messages"][-1]["content"])
print("you got:          ", reply.choices[0].message.content)
