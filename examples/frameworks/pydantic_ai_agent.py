"""pydantic-ai: an agent whose tools get values and whose model sees tokens. No code of ours more.

`OPENAI_BASE_URL` says where the model is; the test runs it against one on this machine.
"""

from openai import AsyncOpenAI
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from llm_guard_protecto import LocalVault, protect


def send_letter(to: str) -> str:
    """Send a letter."""
    print("tool:", to)
    return f"The letter to {to} is on its way."


with LocalVault("memory:") as vault:
    provider = OpenAIProvider(openai_client=protect(AsyncOpenAI(), vault))
    agent = Agent(OpenAIChatModel("any", provider=provider), tools=[send_letter])
    said = agent.run_sync("Write to Sarah Johnson that card 4111 1111 1111 1111 was charged.")
    print("answer:", said.output)
