"""The URL of a PostgreSQL vault: what libpq is told, and what messages may say.

The password is in the parameters only. A URL whose password was not escaped splits at the wrong
place, so that a piece of it becomes a port or a database: such a URL is refused without a quote.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from llm_guard_protecto.errors import ConfigurationError

__all__ = ["Address", "read_address"]

_POOL_SIZE = 16
_PRIMARY = ("read-write", "primary")
_UNREADABLE = (
    "the PostgreSQL URL of the vault cannot be read; it is "
    "postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with special characters escaped (/ is %2F)"
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a PostgreSQL vault is and how it is used.

    `parameters` are those of libpq, the password among them. `location` is the URL without the
    password. `pool_size` is the most connections one process opens, `patience` how long one
    statement may take, in seconds.
    """

    parameters: Mapping[str, str] = field(repr=False)
    location: str
    pool_size: int = _POOL_SIZE
    patience: float = 5.0


def read_address(
    url: str, environ: Mapping[str, str] = os.environ, patience: float = 5.0
) -> Address:
    """What a URL says. Raises `ConfigurationError` for one that cannot work; never quotes it.

    Beside libpq's parameters the query may hold `pool_size` (default 16) and `patience` (default
    that given here, in seconds). What the URL leaves out libpq finds in `PGHOST` and the like. A server that is not
    on this machine is asked for TLS with a checked name, unless `sslmode` says otherwise.
    """
    bare, query = _parted(url)
    said = dict(query)
    pool_size = _number("pool_size", said.pop("pool_size", ""), _POOL_SIZE)
    patience = _number("patience", said.pop("patience", ""), patience)
    for name in said:
        if name not in _known():
            raise ConfigurationError(f"a PostgreSQL URL has no parameter {name!r}")
    if said:
        bare = f"{bare}?{urlencode(said, quote_via=quote)}"
    try:
        parameters = {k: str(v) for k, v in conninfo_to_dict(bare).items() if v is not None}
    except (psycopg.Error, ValueError):
        parameters = {}
    if not parameters and bare.partition("://")[2].strip("/"):
        raise ConfigurationError(_UNREADABLE)
    _check(parameters)
    if parameters.get("target_session_attrs", "read-write") not in _PRIMARY:
        raise ConfigurationError(
            "a vault is read and written on the primary; leave target_session_attrs away"
        )
    defaults = {
        "target_session_attrs": "read-write",
        "application_name": "llm-guard-protecto",
        "connect_timeout": str(max(2, round(patience))),
        "tcp_user_timeout": str(round(1000 * patience)),
        "client_encoding": "UTF8",
    }
    host = parameters.get("host", parameters.get("hostaddr", environ.get("PGHOST", "")))
    if not (_is_local(host) or "service" in parameters or environ.get("PGSERVICE")):
        defaults["sslmode"] = environ.get("PGSSLMODE", "verify-full")
        if parameters.get("sslmode", defaults["sslmode"]) == "verify-full":
            defaults |= _trusted(environ)
    return Address({**defaults, **parameters}, _location(parameters), round(pool_size), patience)


def _trusted(environ: Mapping[str, str]) -> dict[str, str]:
    """Whose certificates are trusted: the user's own choice for libpq, else the system's."""
    if "PGSSLROOTCERT" in environ or Path("~/.postgresql/root.crt").expanduser().exists():
        return {}
    return {"sslrootcert": "system"}


def _parted(url: str) -> tuple[str, list[tuple[str, str]]]:
    """A URL without its query, and the query. A password may hold a question mark."""
    start = url.find("://") + 3
    ends = [at for at in (url.find(c, start) for c in "@/") if at >= 0]
    tail = min(ends, default=start)
    tail = tail if url[tail : tail + 1] == "@" else start
    mark = url.find("?", tail)
    if mark < 0:
        return url, []
    return url[:mark], parse_qsl(url[mark + 1 :], keep_blank_values=True)


def _number(name: str, text: str, default: float) -> float:
    try:
        number = float(text) if text else float(default)
    except ValueError:
        number = 0.0
    if not (1 if name == "pool_size" else 0.05) <= number <= 10_000:
        raise ConfigurationError(f"{name} of a PostgreSQL URL is a number above 0")
    return number


def _known() -> frozenset[str]:
    return frozenset(option.keyword.decode() for option in pq.Conninfo.get_defaults())


def _check(parameters: Mapping[str, str]) -> None:
    ports = parameters.get("port", "").split(",")
    if not all(port.isascii() and (port.isdigit() or not port) for port in ports):
        raise ConfigurationError(_UNREADABLE)
    for name in ("host", "user", "dbname"):
        if "@" in parameters.get(name, "").removeprefix("@") or "\0" in parameters.get(name, ""):
            raise ConfigurationError(_UNREADABLE)


def _is_local(hosts: str) -> bool:
    return all(
        not host or host.startswith(("/", "@", "127.")) or host in {"localhost", "::1"}
        for host in hosts.split(",")
    )


def _location(parameters: Mapping[str, str]) -> str:
    hosts = parameters.get("host", parameters.get("hostaddr", "")).split(",")
    ports = parameters.get("port", "").split(",")
    ports *= len(hosts) if len(ports) == 1 else 1
    database = quote(parameters.get("dbname", ""), "")
    user = f"{quote(parameters['user'], '')}@" if "user" in parameters else ""
    places = ",".join(
        (f"[{host}]" if ":" in host else quote(host, "")) + (f":{port}" if port else "")
        for host, port in zip(hosts, ports, strict=False)
    )
    return f"postgresql://{user}{places}/{database}"
