"""The chat itself: what is asked, what is kept, and what each viewer reads.

Every customer has a namespace of the vault, so a token of one means nothing in the chat of another,
whoever types it there. The model gets masked text, the database gets masked text; values are put
back when somebody reads, as far as that somebody may see them.
"""

import asyncio
from collections.abc import AsyncIterator

from history import History, Message
from openai import AsyncOpenAI
from people import Viewer

from llm_guard_protecto import AsyncLocalVault, LocalVault, arehydrate, protect

MODEL = "gpt-4.1-mini"
SYSTEM: Message = {"role": "system", "content": "You help customers of a bank. Answer briefly."}


class Chat:
    """One customer's chat."""

    def __init__(
        self, customer: str, history: History, vault: LocalVault, openai: AsyncOpenAI
    ) -> None:
        self._customer, self._history = customer, history
        self._vault = AsyncLocalVault(vault=vault.in_namespace(customer))
        self._client = protect(openai, self._vault)
        self._keeping: set[asyncio.Task[None]] = set()

    def stored(self) -> list[Message]:
        """The messages as they lie in the database."""
        return self._history.of(self._customer)

    async def read(self, viewer: Viewer) -> list[Message]:
        """The messages as this viewer may see them."""
        return await arehydrate(self.stored(), self._vault, show=viewer.sees)

    async def ask(self, text: str) -> AsyncIterator[str]:
        """Ask the model; the answer in pieces, for the customer who asks.

        Raises an error of `openai` when there is no answer; then nothing is kept.
        """
        said = [*await arehydrate(self.stored(), self._vault), Message(role="user", content=text)]
        stream = await self._client.chat.completions.create(
            model=MODEL,
            messages=[SYSTEM, *said],  # type: ignore[list-item]
            stream=True,
        )
        return self._answered(said, stream)

    async def _answered(self, said: list[Message], stream: object) -> AsyncIterator[str]:
        answer = ""
        try:
            async for chunk in stream:  # type: ignore[attr-defined]
                piece = chunk.choices[0].delta.content if chunk.choices else None
                if piece:
                    answer += piece
                    yield piece
        finally:
            # Also when the customer has closed the page: what was said so far is kept.
            task = asyncio.create_task(self._keep(said, answer))
            self._keeping.add(task)
            task.add_done_callback(self._keeping.discard)
            await asyncio.shield(task)

    async def _keep(self, said: list[Message], answer: str) -> None:
        """Keep the last question and its answer, masked.

        All of the chat is masked together, so what was found in one message is in all.
        """
        texts = [*(message["content"] for message in said), answer]
        *_, question, reply = await self._vault.mask(texts)
        self._history.add(self._customer, "user", question.token_value)
        self._history.add(self._customer, "assistant", reply.token_value)

    def forget(self) -> None:
        """Start over. The vault forgets by itself, see the page on retention."""
        self._history.forget(self._customer)

    async def close(self) -> None:
        """Wait for what is still being kept."""
        await asyncio.gather(*self._keeping)
