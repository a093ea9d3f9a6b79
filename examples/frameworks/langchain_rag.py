"""LangChain: an index that holds tokens, a model that sees tokens, a person who reads values.

`OPENAI_BASE_URL` says where the model is; the test runs it against one on this machine.
"""

from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_openai import ChatOpenAI

from llm_guard_protecto import LocalVault
from llm_guard_protecto.documents import EVERYTHING, Reader
from llm_guard_protecto.integrations.langchain import (
    MaskedRetriever,
    MaskingTransformer,
    chat_clients,
)

NOTES = [
    Document("The boiler was reported by Thomas Okafor.", metadata={"author": "Sarah Johnson"}),
    Document("The lift was reported by Ada Lindqvist, (555) 987-6543."),
]
QUESTION = "What did Thomas Okafor report?"

with LocalVault("memory:") as vault:
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=64))  # any embedding, any store
    store.add_documents(MaskingTransformer(vault).transform_documents(NOTES))
    print("index:", " / ".join(document["text"] for document in store.store.values()))

    retriever = MaskedRetriever(inner=store.as_retriever(), vault=vault, reader=EVERYTHING)
    found = "\n".join(document.page_content for document in retriever.invoke(QUESTION))
    model = ChatOpenAI(model="any", **chat_clients(vault))
    print("answer:", model.invoke(f"{found}\n{QUESTION}").content.replace("\n", " / "))
    print("stream:", "|".join(str(piece.content) for piece in model.stream(QUESTION)))

    guest = MaskedRetriever(inner=store.as_retriever(), vault=vault, reader=Reader(show=()))
    print("guest:", " / ".join(one.page_content for one in guest.invoke(QUESTION)))
