"""Where the vault is and who asks: the base URL in every documented form, the bearer token."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from llm_guard_protecto.errors import ConfigurationError

__all__ = ["PREFIX", "base_url", "bearer"]

PREFIX = "/api/vault"

_ROUTES = re.compile(r"/(?:mask|unmask|mask/async|unmask/async|async-status)$")


def base_url(text: str, *, insecure: bool = False) -> str:
    """The URL under which the routes are, without a slash at its end.

    `https://HOST`, `https://HOST/api/vault`, either with a slash behind, `HOST` alone and the
    address of a route (`.../api/vault/mask/`) all mean the same vault; a path before `/api/vault`
    is kept. Plain `http` is for this machine, unless `insecure`.

    Raises `ConfigurationError`, which repeats no more of the text than its host.
    """
    text = text.strip()
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ConfigurationError("the URL of the vault cannot be read") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ConfigurationError("the URL of a Protecto vault is https://HOST or .../api/vault")
    if parts.username is not None or parts.query or parts.fragment:
        raise ConfigurationError(
            f"the URL of the vault at {host} has more than a host and a path; "
            "the bearer token is an argument of its own"
        )
    if parts.scheme == "http" and not insecure and not _is_here(host):
        raise ConfigurationError(
            f"http to {host} would send clear values over the network; use https, or say "
            "insecure=True for a network that is private"
        )
    path = _ROUTES.sub("", re.sub(r"/+", "/", parts.path).rstrip("/"))
    if not path.endswith(PREFIX):
        path += PREFIX
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}{'' if port is None else f':{port}'}{path}"


def bearer(token: str | None, environ: Mapping[str, str]) -> str:
    """The bearer token: as given, or `LLM_GUARD_VAULT_TOKEN`. Never part of a message.

    Raises `ConfigurationError` when there is none, or one that no header can carry.
    """
    token = (environ.get("LLM_GUARD_VAULT_TOKEN", "") if token is None else token).strip()
    token = re.sub(r"^[Bb]earer +", "", token)
    if not token:
        raise ConfigurationError(
            "a Protecto vault needs a bearer token: pass it, or set LLM_GUARD_VAULT_TOKEN"
        )
    if not re.fullmatch(r"[!-~]+", token):
        raise ConfigurationError("the bearer token holds a character that no token has")
    return token


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
