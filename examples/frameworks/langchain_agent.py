"""LangChain agents: tools and state hold values, the model sees tokens. Works with any chat model."""

from langchain.agents import create_agent
from langchain_openai import ChatOpenAI

from llm_guard_protecto import LocalVault
from llm_guard_protecto.integrations.langchain_agents import PrivacyMiddleware


def send_letter(to: str, text: str) -> str:
    """Send a letter."""
    print("tool:", to, "|", text)
    return f"The letter to {to} is on its way."


with LocalVault("memory:") as vault:
    agent = create_agent(
        ChatOpenAI(model="any"), [send_letter], middleware=[PrivacyMiddleware(vault)]
    )
    asked = "Write to Sarah Johnson that card 4111 1111 1111 1111 was charged."
    state = agent.invoke({"messages": [{"role": "user", "content": asked}]})
    print("answer:", state["messages"][-1].text)
