"""The same API on other platforms: Vertex, Foundry, Google Cloud, and AWS, which signs bodies."""

from __future__ import annotations

import json
import re
from typing import Any

import anthropic
from botocore.auth import SigV4Auth  # type: ignore[import-untyped]
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]
from botocore.credentials import Credentials  # type: ignore[import-untyped]

from llm_guard_protecto.clients import protect
from tests.clients.anthropic_bench import MessagesBench, ask, both, echo, form, says
from tests.clients.bench import PROMPT, VALUES, now, outcome
from tests.clients.tiny_vault import TinyVault
from tests.wireserver import Received


def made(bench: MessagesBench, name: str, **options: Any) -> Any:
    """A protected client of the class of this name, or of its async form."""
    sdk: Any = getattr(anthropic, f"Async{name}" if bench.kind == "async" else name)
    client = sdk(http_client=bench.bare_http(), max_retries=2, **options)
    bench.clients.append(client)
    guarded = protect(client, TinyVault(*VALUES))
    assert type(guarded) is sdk
    return guarded


async def speaks(client: Any) -> None:
    for one in (client, client.copy(), client.with_options(timeout=9)):
        for reply in await both(one):
            assert reply.content[0].text == PROMPT


@form
async def vertex(bench: MessagesBench) -> None:
    bench.script = echo
    client = made(
        bench,
        "AnthropicVertex",
        region="europe-west1",
        project_id="p",
        access_token="token",
        base_url=f"{bench.server.url}/v1",
    )
    await speaks(client)
    paths = {one.path.rpartition("/")[2] for one in bench.server.requests}
    assert paths == {"m:rawPredict", "m:streamRawPredict"}
    assert bench.server.requests[-1].headers["authorization"] == "Bearer token"
    assert "model" not in json.loads(bench.server.requests[-1].body)
    bench.sent()


@form
async def foundry(bench: MessagesBench) -> None:
    bench.script = echo
    await speaks(
        made(bench, "AnthropicFoundry", api_key="none", base_url=f"{bench.server.url}/anthropic")
    )
    assert bench.server.requests[-1].path == "/anthropic/v1/messages"
    bench.sent()


@form
async def google_cloud(bench: MessagesBench) -> None:
    bench.script = echo
    await speaks(
        made(
            bench,
            "AnthropicGoogleCloud",
            token_provider=lambda: "token",
            workspace_id="w",
            base_url=bench.server.url,
        )
    )
    assert bench.server.requests[-1].headers["authorization"] == "Bearer token"
    bench.sent()


@form
async def aws_with_a_key(bench: MessagesBench) -> None:
    """With a key of its own nothing is signed."""
    bench.script = echo
    client = made(
        bench,
        "AnthropicAWS",
        api_key="none",
        aws_region="eu-west-1",
        workspace_id="w",
        base_url=bench.server.url,
    )
    await speaks(client)
    bench.sent()


@form
async def bedrock_mantle_with_a_key(bench: MessagesBench) -> None:
    bench.script = echo
    await speaks(
        made(
            bench,
            "AnthropicBedrockMantle",
            api_key="none",
            aws_region="eu-west-1",
            base_url=bench.server.url,
        )
    )
    bench.sent()


REGION = "eu-west-1"
CREDENTIALS = Credentials("AKIDEXAMPLE", "secret")


def signed(request: Received, service: str) -> bool:
    """Whether a request carries the signature that AWS would compute of it."""
    [names] = re.findall(r"SignedHeaders=([^,]+)", request.headers["authorization"])
    asked = AWSRequest(
        method=request.method,
        url=f"http://{request.headers['host']}{request.path}",
        headers={name: request.headers[name] for name in names.split(";")},
        data=request.body,
    )
    asked.context["timestamp"] = request.headers["x-amz-date"]
    auth = SigV4Auth(CREDENTIALS, service, REGION)
    expected = auth.signature(auth.string_to_sign(asked, auth.canonical_request(asked)), asked)
    return request.headers["authorization"].endswith(f"Signature={expected}")


def with_credentials(bench: MessagesBench, name: str, **options: Any) -> Any:
    return made(
        bench,
        name,
        aws_region=REGION,
        aws_access_key=CREDENTIALS.access_key,
        aws_secret_key=CREDENTIALS.secret_key,
        base_url=bench.server.url,
        **options,
    )


@form
async def bodies_that_are_signed(bench: MessagesBench) -> None:
    """The signature is of the masked body, also of copies with credentials of their own."""
    bench.script = echo
    for name, service, options in (
        ("AnthropicAWS", "aws-external-anthropic", {"workspace_id": "w"}),
        ("AnthropicBedrockMantle", "bedrock-mantle", {}),
    ):
        bench.server.requests.clear()
        client = with_credentials(bench, name, **options)
        await speaks(client)
        assert len(bench.server.requests) == 6
        assert all(signed(one, service) for one in bench.server.requests)
        other = client.copy(aws_access_key="AKIDOTHER", aws_secret_key="other")
        own = bench.bare_http()
        for copy, right in (
            (other, False),
            (client, True),
            (other.copy(), False),
            (client.copy(http_client=own), True),
        ):
            assert (await now(ask(copy))).content[0].text == PROMPT
            assert signed(bench.server.requests[-1], service) is right
        await now(own.aclose() if bench.kind == "async" else own.close())
    bench.sent()


@form
async def bedrock_with_credentials(bench: MessagesBench) -> None:
    bench.script = echo
    client = with_credentials(bench, "AnthropicBedrock")
    reply = await now(ask(client, model="anthropic.claude-x"))
    assert reply.content[0].text == PROMPT
    assert signed(bench.server.requests[-1], "bedrock")
    bench.sent()


@form
async def bedrock_with_a_key(bench: MessagesBench) -> None:
    """Whole answers only: its streams are not made of server-sent events."""
    client = made(
        bench,
        "AnthropicBedrock",
        api_key="none",
        aws_region="eu-west-1",
        base_url=bench.server.url,
    )
    model = "anthropic.claude-sonnet-4-20250514-v1:0"
    error = await outcome(ask, client, model=model, stream=True)
    assert isinstance(error, anthropic.BadRequestError)
    assert "invoke-with-response-stream is not covered" in str(error)
    assert bench.server.accepted == 0
    bench.script = echo
    reply = await now(ask(client, says(PROMPT), model=model))
    assert reply.content[0].text == PROMPT
    assert bench.server.requests[-1].path == f"/model/{model}/invoke"
    bench.sent()
