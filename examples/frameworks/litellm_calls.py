"""LiteLLM: any provider it knows, each call masked and each answer restored, streams as they come.

`MODEL_URL` says where the models are; the test runs it against one on this machine.
"""

import os

from llm_guard_protecto import LocalVault
from llm_guard_protecto.integrations.litellm import GuardedLiteLLM

BASE = os.environ["MODEL_URL"]
ASKED = [{"role": "user", "content": "Write to Sarah Johnson about card 4111 1111 1111 1111."}]

with LocalVault("memory:") as vault:
    llm = GuardedLiteLLM(vault)
    plain = llm.completion(
        model="openai/any", api_base=f"{BASE}/v1", api_key="none", messages=ASKED
    )
    print("openai:", plain.choices[0].message.content)
    pieces = llm.completion(
        model="anthropic/any", api_base=BASE, api_key="none", messages=ASKED, stream=True
    )
    print("anthropic:", "".join(piece.choices[0].delta.content or "" for piece in pieces))
