"""LlamaIndex, in an environment that has it: what the model's server received, what came back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from llama_index.core import Document, MockEmbedding, VectorStoreIndex
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.retrievers import TransformRetriever
from llama_index.core.schema import ImageNode, NodeWithScore, QueryBundle, TextNode
from llama_index.llms.openai_like import OpenAILike

from llm_guard_protecto import ConfigurationError, LocalVault
from llm_guard_protecto.documents import EVERYTHING, NOTHING
from llm_guard_protecto.integrations.llamaindex import (
    MaskNodes,
    MaskQuestions,
    RevealNodes,
    llm_clients,
)
from tests.integrations.frameworks.shared import Served

NOTES = [
    Document(text="The boiler was reported by Thomas Okafor.", metadata={"by": "Okafor"}, id_="1"),
    Document(text="The lift was reported by Ada Lindqvist.", metadata={"page": 3}, id_="2"),
]
ASKED = "I am Sarah Johnson, card 4111 1111 1111 1111."


def model(served: Served, vault: LocalVault) -> Any:
    return OpenAILike(
        model="any",
        api_base=served.url,
        api_key="none",
        is_chat_model=True,
        **llm_clients(vault),
    )


def test_a_model_is_guarded_plain_streamed_and_awaited(served: Served, vault: LocalVault) -> None:
    llm = model(served, vault)
    asked = [ChatMessage(role="user", content=ASKED)]
    assert llm.chat(asked).message.content == ASKED
    assert "".join(piece.delta or "" for piece in llm.stream_chat(asked)) == ASKED
    assert asyncio.run(llm.achat(asked)).message.content == ASKED
    assert llm.complete(ASKED).text == ASKED
    served.check()


def index_of(vault: LocalVault) -> tuple[list[Any], VectorStoreIndex]:
    pipeline = IngestionPipeline(transformations=[MaskNodes(vault=vault), SentenceSplitter()])
    nodes = list(pipeline.run(documents=NOTES))
    return nodes, VectorStoreIndex(nodes, embed_model=MockEmbedding(embed_dim=8))


def test_nodes_hold_tokens_everywhere(vault: LocalVault) -> None:
    nodes, index = index_of(vault)
    assert len(nodes) == 2
    for node in [*nodes, *index.docstore.docs.values()]:
        said = node.model_dump_json()
        for value in ("Okafor", "Lindqvist", "Thomas"):
            assert value not in said
    assert NOTES[0].metadata == {"by": "Okafor"}
    again = asyncio.run(MaskNodes(vault=vault).acall(NOTES))
    assert [one.get_content() for one in again] == [one.get_content() for one in nodes]


def test_what_a_split_node_knows_of_its_document_is_masked_too(vault: LocalVault) -> None:
    """Masked after the splitter, not before it, as somebody may do."""
    split = SentenceSplitter()(NOTES)
    assert "Okafor" in split[0].model_dump_json()
    masked = MaskNodes(vault=vault)(split)
    assert "Okafor" not in masked[0].model_dump_json()
    assert masked[0].node_id == split[0].node_id
    assert "Okafor" in split[0].model_dump_json()


def test_fields_that_are_kept_stay(vault: LocalVault) -> None:
    [node] = MaskNodes(vault=vault, keep=("by",))(NOTES[:1])
    assert node.metadata == {"by": "Okafor"}


def test_an_answer_from_the_index(served: Served, vault: LocalVault) -> None:
    _, index = index_of(vault)
    retriever = TransformRetriever(index.as_retriever(), MaskQuestions(vault))
    engine = RetrieverQueryEngine.from_args(
        retriever,
        llm=model(served, vault),
        node_postprocessors=[RevealNodes(vault=vault, reader=EVERYTHING)],
    )
    answer = engine.query("What did Thomas Okafor report?")
    assert "The boiler was reported by Thomas Okafor." in str(answer)
    assert "Okafor" in asyncio.run(engine.aquery("What did Okafor report?")).response
    served.check()
    assert "Okafor" not in str([node.get_content() for node in index.docstore.docs.values()])


def test_a_reader_sees_what_it_may(vault: LocalVault) -> None:
    masked = MaskNodes(vault=vault)([TextNode(text="The boiler of Thomas Okafor.")])
    nodes = [NodeWithScore(node=node, score=0.5) for node in masked]
    [seen] = RevealNodes(vault=vault, reader=NOTHING).postprocess_nodes(nodes)
    assert seen.get_content() == masked[0].get_content()
    [seen] = asyncio.run(RevealNodes(vault=vault, reader=EVERYTHING).apostprocess_nodes(nodes))
    assert seen.get_content() == "The boiler of Thomas Okafor."
    assert seen.score == 0.5


def test_every_text_of_a_question_is_masked(vault: LocalVault) -> None:
    bundle = QueryBundle("the Okafor boiler", custom_embedding_strs=["Thomas Okafor", "boiler"])
    MaskNodes(vault=vault)(NOTES)
    masked = MaskQuestions(vault).run(bundle)
    assert "Okafor" not in masked.query_str + repr(masked.custom_embedding_strs)
    assert masked.custom_embedding_strs[1] == "boiler"


def test_what_is_no_text_is_refused(vault: LocalVault) -> None:
    with pytest.raises(ConfigurationError, match="ImageNode"):
        MaskNodes(vault=vault)([ImageNode(text="Sarah Johnson")])
