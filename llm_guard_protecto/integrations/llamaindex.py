"""LlamaIndex: nodes masked at ingestion, questions masked, nodes shown by permission, guarded models.

    pipeline = IngestionPipeline(transformations=[MaskNodes(vault=vault), SentenceSplitter()])
    retriever = TransformRetriever(index.as_retriever(), MaskQuestions(vault))
    engine = RetrieverQueryEngine.from_args(
        retriever,
        llm=OpenAILike(model="any", is_chat_model=True, **llm_clients(vault)),
        node_postprocessors=[RevealNodes(vault=vault, reader=EVERYTHING)],
    )

The extra is `llamaindex`. Put `MaskNodes` first: what comes after it sees masked text only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llm_guard_protecto.documents import (
    Document,
    MaskedDocument,
    amask_documents,
    areveal,
    mask_documents,
    mask_query,
    reveal,
)
from llm_guard_protecto.errors import ConfigurationError
from llm_guard_protecto.integrations.openai_clients import guarded_arguments
from llm_guard_protecto.vault import AsyncVault, PolicyChoice, Vault

try:
    from llama_index.core.indices.query.query_transform.base import BaseQueryTransform
    from llama_index.core.postprocessor.types import BaseNodePostprocessor
    from llama_index.core.schema import (
        BaseNode,
        NodeWithScore,
        QueryBundle,
        RelatedNodeInfo,
        TextNode,
        TransformComponent,
    )
    from llama_index.core.schema import Document as LlamaDocument
except ImportError as missing:
    raise ImportError(
        "LlamaIndex is not installed: pip install 'llm-guard-protecto[llamaindex]'"
    ) from missing

__all__ = ["MaskNodes", "MaskQuestions", "RevealNodes", "llm_clients"]


def llm_clients(
    vault: Vault | AsyncVault | str | None = None, policy: PolicyChoice = None
) -> dict[str, Any]:
    """The arguments that make `OpenAI`, `OpenAILike` or `OpenAIEmbedding` guarded.

    Every call of the model is masked below LlamaIndex and its answers restored, streamed ones as
    they come. Parameters and errors as for `guarded`.
    """
    return guarded_arguments("http_client", "async_http_client", vault, policy)


class MaskNodes(TransformComponent):  # type: ignore[misc]
    """Masks the text and the metadata of nodes and documents, that of related nodes included.

    `keep` names fields of the metadata that stay as they are. A node that has an embedding of its
    clear text loses it.
    """

    vault: Any
    policy: Any = None
    keep: tuple[str, ...] = ()

    def __call__(self, nodes: Sequence[BaseNode], **_: Any) -> list[BaseNode]:
        """Copies of the nodes, masked; their ids stay."""
        masked = mask_documents(_documents(nodes), self.vault, self.policy, keep=self.keep)
        return _nodes(nodes, masked)

    async def acall(self, nodes: Sequence[BaseNode], **_: Any) -> list[BaseNode]:
        """The same, awaited."""
        masked = await amask_documents(_documents(nodes), self.vault, self.policy, keep=self.keep)
        return _nodes(nodes, masked)


class MaskQuestions(BaseQueryTransform):  # type: ignore[misc]
    """Masks a question before it is embedded or searched for, as the documents were masked."""

    def __init__(self, vault: Vault, policy: PolicyChoice = None) -> None:
        """`policy` is the one the nodes were masked under."""
        self._vault, self._policy = vault, policy

    def _get_prompts(self) -> dict[str, Any]:
        return {}

    def _update_prompts(self, prompts: dict[str, Any]) -> None:
        """There are none."""

    def _run(self, query_bundle: QueryBundle, metadata: dict[str, Any]) -> QueryBundle:
        del metadata
        texts = dict.fromkeys([query_bundle.query_str, *(query_bundle.custom_embedding_strs or ())])
        masked = {text: mask_query(text, self._vault, self._policy).token_value for text in texts}
        embedded = query_bundle.custom_embedding_strs
        return QueryBundle(
            query_str=masked[query_bundle.query_str],
            image_path=query_bundle.image_path,
            custom_embedding_strs=None if embedded is None else [masked[one] for one in embedded],
        )


class RevealNodes(BaseNodePostprocessor):  # type: ignore[misc]
    """Shows a `documents.Reader` what it may see of the nodes that were retrieved."""

    vault: Any
    reader: Any
    policy: Any = None

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        del query_bundle
        masked = [_masked(one.node) for one in nodes]
        return _scored(nodes, reveal(masked, self.vault, self.policy, reader=self.reader))

    async def _apostprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        del query_bundle
        masked = [_masked(one.node) for one in nodes]
        return _scored(nodes, await areveal(masked, self.vault, self.policy, reader=self.reader))


def _documents(nodes: Sequence[BaseNode]) -> list[Document]:
    """What is to be masked of each node: its text, its metadata, and what it knows of others."""
    return [
        Document(
            _text(node), {"own": node.metadata, "related": [o.metadata for o in _related(node)]}
        )
        for node in nodes
    ]


def _nodes(nodes: Sequence[BaseNode], masked: Sequence[MaskedDocument]) -> list[BaseNode]:
    made = []
    for node, one in zip(nodes, masked, strict=True):
        copy = node.model_copy(deep=True)
        copy.set_content(one.text)
        copy.metadata, copy.embedding = one.metadata["own"], None
        for related, metadata in zip(_related(copy), one.metadata["related"], strict=True):
            related.metadata = metadata
        made.append(copy)
    return made


def _related(node: BaseNode) -> list[RelatedNodeInfo]:
    groups = (one if isinstance(one, list) else [one] for one in node.relationships.values())
    return [related for group in groups for related in group]


def _text(node: BaseNode) -> str:
    """The text of a node. Raises `ConfigurationError` for a node that holds something else."""
    if type(node) not in (TextNode, LlamaDocument):
        raise ConfigurationError(f"a {type(node).__name__} cannot be masked: only texts can")
    return str(node.get_content())


def _masked(node: BaseNode) -> MaskedDocument:
    return MaskedDocument(_text(node), node.metadata, node.node_id)


def _scored(nodes: Sequence[NodeWithScore], shown: Sequence[Document]) -> list[NodeWithScore]:
    """Copies, so that what an index keeps in memory stays masked."""
    made = []
    for scored, one in zip(nodes, shown, strict=True):
        copy = scored.node.model_copy(deep=True)
        copy.set_content(one.text)
        copy.metadata = dict(one.metadata)
        made.append(NodeWithScore(node=copy, score=scored.score))
    return made
