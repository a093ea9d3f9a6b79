"""The web application: a page, and the calls it makes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from bot import Chat
from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.staticfiles import StaticFiles
from history import History, Message
from openai import APIError, AsyncOpenAI
from people import CUSTOMERS, VIEWERS, Viewer
from pydantic import BaseModel, Field

from llm_guard_protecto import LocalVault

PAGE = Path(__file__).parent / "page"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Question(BaseModel):
    text: str = Field(min_length=1, max_length=10_000)


def plain(messages: list[Message]) -> list[dict[str, str]]:
    return [{"role": one["role"], "content": one["content"]} for one in messages]


def build(data: Path, vault: LocalVault, openai: AsyncOpenAI) -> FastAPI:
    """The application; its history is a file in the folder `data`."""
    history = History(data / "chats.db")
    chats = {customer: Chat(customer, history, vault, openai) for customer in CUSTOMERS}

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        for chat in chats.values():
            await chat.close()
        history.close()

    app = FastAPI(title="A chatbot", lifespan=lifespan, docs_url=None, redoc_url=None)

    def viewer(authorization: Annotated[str, Header()] = "") -> Viewer:
        found = VIEWERS.get(authorization.removeprefix("Bearer "))
        if found is None:
            raise HTTPException(401, "Please sign in.")
        return found

    def readable(customer: str, who: Annotated[Viewer, Depends(viewer)]) -> Chat:
        if customer not in chats or not who.may_read(customer):
            raise HTTPException(403, "This chat is not yours to read.")
        return chats[customer]

    def writable(customer: str, who: Annotated[Viewer, Depends(viewer)]) -> Chat:
        if customer not in chats or who.customer != customer:
            raise HTTPException(403, "Only the customer writes here.")
        return chats[customer]

    @app.get("/viewers")
    def viewers() -> list[dict[str, Any]]:
        return [
            {
                "token": token,
                "title": one.title,
                "chats": [customer for customer in CUSTOMERS if one.may_read(customer)],
                "writes": one.customer is not None,
            }
            for token, one in VIEWERS.items()
        ]

    @app.get("/chats/{customer}")
    async def read(
        chat: Annotated[Chat, Depends(readable)], who: Annotated[Viewer, Depends(viewer)]
    ) -> list[dict[str, str]]:
        return plain(await chat.read(who))

    @app.get("/chats/{customer}/stored")
    def stored(chat: Annotated[Chat, Depends(readable)]) -> list[dict[str, str]]:
        return plain(chat.stored())

    @app.post("/chats/{customer}")
    async def ask(
        question: Question, chat: Annotated[Chat, Depends(writable)]
    ) -> StreamingResponse:
        try:
            pieces = await chat.ask(question.text)
        except APIError:
            raise HTTPException(502, "The model did not answer. Please try again.") from None
        return StreamingResponse(pieces, media_type="text/plain; charset=utf-8")

    @app.delete("/chats/{customer}", status_code=204)
    def forget(chat: Annotated[Chat, Depends(writable)]) -> None:
        chat.forget()

    @app.middleware("http")
    async def headers(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await call_next(request)
        response.headers.update(HEADERS)
        return response

    app.mount("/", StaticFiles(directory=PAGE, html=True))
    return app
