"""What an operator writes about the gateway: the providers, and who masks under which policy.

[upstreams.openai]
url = "https://api.openai.com/v1"
key_env = "OPENAI_API_KEY"

[upstreams.anthropic]
url = "https://api.anthropic.com/v1"
key_env = "ANTHROPIC_API_KEY"

[policies]
default = "default"
allowed = ["strict"]            # a caller may ask for these with `x-llm-guard-policy`
models = { "gpt-4*" = "strict" }
namespaces = { clinic = "strict" }
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from llm_guard_protecto.errors import ConfigurationError

__all__ = ["Gateway", "Kind", "Policies", "Upstream", "load"]

Kind = Literal["openai", "anthropic"]
_Name = Annotated[str, Field(pattern="^[a-z][a-z0-9-]{0,31}$")]
_Strict = ConfigDict(frozen=True, extra="forbid")


class Upstream(BaseModel):
    """One provider. `url` is what stands before `/chat/completions` or `/messages`.

    `kind` is whose API it speaks; by default that of its name, else `openai`. `key_env` names the
    environment variable with the provider's key, None where it wants none. `seconds` is how long
    it may be silent.
    """

    model_config = _Strict

    url: str
    kind: Kind = "openai"
    key_env: str | None = None
    seconds: float = Field(default=600.0, gt=0)

    @field_validator("url")
    @classmethod
    def _plain(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("an upstream's url begins with http:// or https:// and a host")
        if parts.query or parts.fragment or parts.username or parts.password:
            raise ValueError("an upstream's url has no user, query or fragment")
        return url.rstrip("/")


class Policies(BaseModel):
    """Under which policy a call is masked: the first that is said, of the caller's own choice (one
    of `allowed`), `models` and `namespaces` (names may have a `*`), and `default`.
    """

    model_config = _Strict

    default: str = "default"
    allowed: tuple[str, ...] = ()
    models: Mapping[str, str] = Field(default_factory=dict)
    namespaces: Mapping[str, str] = Field(default_factory=dict)

    @property
    def named(self) -> frozenset[str]:
        """Every policy that may come into force."""
        return frozenset(
            (self.default, *self.allowed, *self.models.values(), *self.namespaces.values())
        )


class Gateway(BaseModel):
    """The whole file. `shadow`: send what comes as it is, and only count what would be masked.

    `replies`: what a provider says is restored, or also searched, and what is found there masked.
    `request_limit` is in bytes of one request, files included.
    """

    model_config = _Strict

    upstreams: Mapping[_Name, Upstream] = Field(min_length=1)
    policies: Policies = Policies()
    shadow: bool = False
    replies: Literal["restore", "mask"] = "restore"
    request_limit: int = Field(default=64 * 2**20, gt=0)

    @model_validator(mode="before")
    @classmethod
    def _kinds(cls, data: object) -> object:
        if not isinstance(data, dict) or not isinstance(data.get("upstreams"), dict):
            return data
        named = {
            name: {"kind": "anthropic", **one}
            if name == "anthropic" and isinstance(one, dict)
            else one
            for name, one in data["upstreams"].items()
        }
        return {**data, "upstreams": named}

    @model_validator(mode="after")
    def _no_clash(self) -> Self:
        if "v1" in self.upstreams:
            raise ValueError("an upstream cannot be called v1")
        return self


def load(path: str | Path) -> Gateway:
    """Read the file at `path`. Raises `ConfigurationError` that names every mistake."""
    try:
        with Path(path).open("rb") as file:
            said = tomllib.load(file)
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is no TOML: {error}") from None
    try:
        return Gateway.model_validate(said)
    except ValidationError as error:
        mistakes = "; ".join(
            f"{'.'.join(map(str, one['loc'])) or 'file'}: {one['msg']}" for one in error.errors()
        )
    raise ConfigurationError(f"{path}: {mistakes}")
