"""Addresses on the net that name nobody: namespaces, standards, licences, whole networks.

They are constants of formats and of the licences of code: a model needs them as they are, and
masking them breaks markup. What a user may choose (example.com, localhost, a wiki) is no such
constant; a policy's allow list is the place for those.
"""

from __future__ import annotations

import re
from typing import Final

from llm_guard_protecto.detect.borders import apart, url, url_of_host
from llm_guard_protecto.detect.expression import expression

__all__ = [
    "PUBLIC",
    "bare_host",
    "machine",
    "web_address",
    "web_address_of_host",
    "web_address_of_www",
]

_Place = tuple[int, int] | None

_SITES: Final = """
    w3.org whatwg.org ietf.org rfc-editor.org iana.org unicode.org ecma-international.org
    schema.org json-schema.org xmlns.com purl.org xml.org oasis-open.org opengis.net relaxng.org
    schemas.xmlsoap.org schemas.microsoft.com schemas.openxmlformats.org ns.adobe.com
    opensource.org spdx.org gnu.org llvm.org apache.org/licenses creativecommons.org/licenses
    creativecommons.org/publicdomain mozilla.org/mpl eclipse.org/legal boost.org/license_1_0.txt
    python.org docs.oracle.com cppreference.com developer.mozilla.org learn.microsoft.com
    docs.microsoft.com msdn.microsoft.com docs.rs pkg.go.dev opengroup.org openssl.org/source/license
"""
PUBLIC: Final = frozenset(_SITES.split())
"""Hosts with all below them, or a host with the start of a path; `www.` is passed over."""

_DOMAINS: Final = frozenset(
    ".".join(site.partition("/")[0].split(".")[-2:]) for site in PUBLIC
)  # most hosts are ruled out by these

_HOST: Final = expression(
    r"(?:[a-z]+://)?(?P<host>[a-z0-9.-]+)(?::\d+)?(?P<path>/[^?#]*)?", re.IGNORECASE
)


def _is_public(value: str) -> bool:
    found = _HOST.match(value)
    if found is None or "?" in value:
        return False
    labels = found["host"].lower().rstrip(".").split(".")
    if ".".join(labels[-2:]) not in _DOMAINS:
        return False
    path = (found["path"] or "").lower()
    for first in range(len(labels) - 1):
        host = ".".join(labels[first:])
        if host in PUBLIC:
            return True
        parts = path.split("/")
        if any(host + "/".join(parts[:deep]) in PUBLIC for deep in (2, 3)):
            return True
    return False


def web_address(text: str, start: int, end: int) -> _Place:
    """As `borders.url`, but no constant of a format, a standard or a licence."""
    place = url(text, start, end)
    return None if place and _is_public(text[slice(*place)]) else place


_SCHEMES: Final = ("http://", "https://", "ftp://", "ftps://", "sftp://", "ws://", "wss://")


def web_address_of_www(text: str, start: int, end: int) -> _Place:
    """As `web_address`; what stands after a scheme is the business of the rule for those."""
    if text[max(0, start - 8) : start].lower().endswith(_SCHEMES):
        return None
    return web_address(text, start, end)


def web_address_of_host(text: str, start: int, end: int) -> _Place:
    """As `borders.url_of_host`, with the same exception."""
    place = url_of_host(text, start, end)
    return None if place and _is_public(text[slice(*place)]) else place


_BARE: Final = apart("./@-_")


def bare_host(text: str, start: int, end: int) -> _Place:
    """A host that stands alone beside a word for a site; not the one of an address with a scheme."""
    if text[max(0, start - 2) : start] == "//" or _is_public(text[start:end]):
        return None
    return _BARE(text, start, end)


_APART: Final = apart(".")
_MASK: Final = expression(r"/\d{1,2}\b|/0\.0\.0\.|/255\.")


def machine(text: str, start: int, end: int) -> _Place:
    """An IPv4 address of a machine: no whole network (`10.0.0.0`, `192.0.2.0/24`)."""
    value = text[start:end]
    if value.endswith(".0.0") or value.endswith(".0") and _MASK.match(text, end):
        return None
    return _APART(text, start, end)
