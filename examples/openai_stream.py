"""A streamed, asynchronous reply, restored while it comes. Runs offline."""

import asyncio

from openai import AsyncOpenAI

from llm_guard_protecto import LocalVault, protect
from llm_guard_protecto.testing import FakeProvider

PROMPT = "Repeat: Sarah Johnson and John Doe meet at 456 Elm Avenue, call (555) 987-6543."


async def main() -> None:
    """Print the pieces of the reply, a bar between them, as the program receives them."""
    provider = FakeProvider(piece=3)  # three characters an event: every token is cut in pieces
    client = protect(
        AsyncOpenAI(api_key="none", http_client=provider.async_client()), LocalVault("memory:")
    )
    stream = await client.chat.completions.create(
        model="any-model", messages=[{"role": "user", "content": PROMPT}], stream=True
    )
    async for chunk in stream:
        print(chunk.choices[0].delta.content or "", end="|", flush=True)
    print()


asyncio.run(main())
