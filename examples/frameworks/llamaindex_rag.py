"""LlamaIndex: nodes and questions hold tokens, the model sees tokens, the answer has values.

`OPENAI_BASE_URL` says where the model is; the test runs it against one on this machine.
"""

import os

from llama_index.core import Document, MockEmbedding, VectorStoreIndex
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.retrievers import TransformRetriever
from llama_index.llms.openai_like import OpenAILike

from llm_guard_protecto import LocalVault
from llm_guard_protecto.documents import EVERYTHING
from llm_guard_protecto.integrations.llamaindex import (
    MaskNodes,
    MaskQuestions,
    RevealNodes,
    llm_clients,
)

NOTES = [
    Document(text="The boiler was reported by Thomas Okafor.", metadata={"by": "Sarah Johnson"}),
    Document(text="The lift was reported by Ada Lindqvist, (555) 987-6543."),
]

with LocalVault("memory:") as vault:
    pipeline = IngestionPipeline(transformations=[MaskNodes(vault=vault), SentenceSplitter()])
    nodes = pipeline.run(documents=NOTES)
    print("index:", " / ".join(node.get_content() for node in nodes))

    index = VectorStoreIndex(nodes, embed_model=MockEmbedding(embed_dim=8))  # any embedding
    engine = RetrieverQueryEngine.from_args(
        TransformRetriever(index.as_retriever(), MaskQuestions(vault)),
        llm=OpenAILike(
            model="any",
            api_base=os.environ["OPENAI_BASE_URL"],
            api_key="none",
            is_chat_model=True,
            **llm_clients(vault),
        ),
        node_postprocessors=[RevealNodes(vault=vault, reader=EVERYTHING)],
    )
    print("answer:", " / ".join(str(engine.query("What did Thomas Okafor report?")).split("\n")))
