"""LangChain: guarded chat models, a document transformer, a retriever over masked documents.

    model = ChatOpenAI(model="gpt-4.1-mini", **chat_clients(vault))
    store.add_documents(MaskingTransformer(vault).transform_documents(documents))
    retriever = MaskedRetriever(inner=store.as_retriever(), vault=vault, reader=EVERYTHING)

The extra is `langchain`. For agents on any chat model see `langchain_agents`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from llm_guard_protecto.documents import (
    Document,
    MaskedDocument,
    Reader,
    Splitter,
    amask_documents,
    amask_query,
    areveal,
    mask_documents,
    mask_query,
    reveal,
)
from llm_guard_protecto.integrations.openai_clients import guarded_arguments
from llm_guard_protecto.vault import AsyncVault, PolicyChoice, Vault

try:
    from langchain_core.documents import BaseDocumentTransformer
    from langchain_core.documents import Document as LangChainDocument
    from langchain_core.retrievers import BaseRetriever
except ImportError as missing:
    raise ImportError(
        "LangChain is not installed: pip install 'llm-guard-protecto[langchain]'"
    ) from missing

__all__ = ["MaskedRetriever", "MaskingTransformer", "chat_clients"]


def chat_clients(
    vault: Vault | AsyncVault | str | None = None, policy: PolicyChoice = None
) -> dict[str, Any]:
    """The arguments that make `ChatOpenAI`, `AzureChatOpenAI` or `OpenAIEmbeddings` guarded.

    Every call of the model is masked below LangChain and its answers restored, streamed ones as
    they come. Parameters and errors as for `guarded`.
    """
    return guarded_arguments("http_client", "http_async_client", vault, policy)


class MaskingTransformer(BaseDocumentTransformer):  # type: ignore[misc]
    """Masks documents and their metadata before they are split, embedded or stored."""

    def __init__(
        self,
        vault: Vault,
        policy: PolicyChoice = None,
        *,
        keep: Collection[str] = (),
        splitter: Splitter | None = None,
    ) -> None:
        """`keep` names fields of the metadata that stay as they are.

        `splitter` cuts what is masked into chunks, and no token in two, as a splitter of LangChain
        may; the chunks of a document with an id are called `ID-1`, `ID-2` and so on.
        """
        self._vault, self._policy, self._keep = vault, policy, keep
        self._splitter = splitter

    def transform_documents(
        self, documents: Sequence[LangChainDocument], **_: Any
    ) -> list[LangChainDocument]:
        """The same documents, masked; their ids stay."""
        ours = [_ours(one) for one in documents]
        masked = mask_documents(ours, self._vault, self._policy, keep=self._keep)
        return [_theirs(part) for one in masked for part in self._parts(one)]

    async def atransform_documents(
        self, documents: Sequence[LangChainDocument], **_: Any
    ) -> list[LangChainDocument]:
        """The same, awaited."""
        ours = [_ours(one) for one in documents]
        masked = await amask_documents(ours, self._vault, self._policy, keep=self._keep)
        return [_theirs(part) for one in masked for part in self._parts(one)]

    def _parts(self, one: MaskedDocument) -> list[MaskedDocument]:
        if self._splitter is None or one.masked is None:
            return [one]
        return [
            MaskedDocument(chunk.text, one.metadata, one.id and f"{one.id}-{number}")
            for number, chunk in enumerate(self._splitter.split(one.masked), 1)
        ]


class MaskedRetriever(BaseRetriever):  # type: ignore[misc]
    """Asks a retriever over masked documents, and shows `reader` what it may see of them.

    The question is masked before `inner` gets it, so neither an embedding service nor a hosted
    index sees a value.
    """

    inner: Any
    vault: Any
    reader: Any
    policy: Any = None

    def __init__(
        self,
        *,
        inner: BaseRetriever,
        vault: Vault,
        reader: Reader,
        policy: PolicyChoice = None,
        **settings: Any,
    ) -> None:
        """`settings` are those of every retriever of LangChain: tags, metadata, name."""
        super().__init__(inner=inner, vault=vault, reader=reader, policy=policy, **settings)

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[LangChainDocument]:
        asked = mask_query(query, self.vault, self.policy)
        callbacks = {"callbacks": run_manager.get_child()}
        found = self.inner.invoke(asked.token_value, config=callbacks)
        masked = [_masked(one) for one in found]
        return [_theirs(one) for one in reveal(masked, self.vault, self.policy, reader=self.reader)]

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: Any
    ) -> list[LangChainDocument]:
        asked = await amask_query(query, self.vault, self.policy)
        callbacks = {"callbacks": run_manager.get_child()}
        found = await self.inner.ainvoke(asked.token_value, config=callbacks)
        masked = [_masked(one) for one in found]
        shown = await areveal(masked, self.vault, self.policy, reader=self.reader)
        return [_theirs(one) for one in shown]


def _ours(one: LangChainDocument) -> Document:
    return Document(one.page_content, one.metadata, one.id)


def _masked(one: LangChainDocument) -> MaskedDocument:
    return MaskedDocument(one.page_content, one.metadata, one.id)


def _theirs(one: Document | MaskedDocument) -> LangChainDocument:
    return LangChainDocument(page_content=one.text, metadata=dict(one.metadata), id=one.id)
