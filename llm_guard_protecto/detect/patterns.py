"""The table of shapes: contact data and networks.

One row a shape. Adding one: a line here and a marked line in `tests/detect/test_rules.py`.
"""

from __future__ import annotations

from typing import Final

from llm_guard_protecto.detect import checks, phones
from llm_guard_protecto.detect.borders import apart, email
from llm_guard_protecto.detect.cues import IP, PHONE, PLACE_OF_PHONE, SITE, VERSION
from llm_guard_protecto.detect.hosts import (
    bare_host,
    machine,
    web_address,
    web_address_of_host,
    web_address_of_www,
)
from llm_guard_protecto.detect.pattern import Pattern, named
from llm_guard_protecto.detect.postcodes import POSTCODES
from llm_guard_protecto.detect.streets import STREETS

__all__ = ["PATTERNS"]

_GAP: Final = r"[ ().\-/\x80-\xff]"  # outside ASCII: `phones` looks which character it is
_EXT: Final = r"(?:[ ,;]{0,2}(?:[xX#]|[eE]xt\.?|[eE]xtension|[eE]xtn\.?)[ .:]{0,2}\d{1,6})?"
_URL: Final = r"[^\s<>\x22\x60|\\^]"
_URL_END: Final = r"(?:[\s<>\x22\x60|\\^]|\z)"
_HOST: Final = r"(?:[a-z0-9\x80-\xff][a-z0-9\x80-\xff-]*\.)"

PATTERNS: Final = (
    # contact
    Pattern(
        "EMAIL_ADDRESS",
        r"@(?:[A-Za-z0-9\x80-\xff-]+\.)+[A-Za-z\x80-\xff][A-Za-z0-9\x80-\xff-]+",
        fit=email,
        score=0.99,
        name="email",
    ),
    Pattern(
        "URL",
        rf"(?i)\b(?:https?|ftps?|sftp|wss?)://[a-z0-9\x80-\xff\[]{_URL}*{_URL_END}",
        fit=web_address,
        score=0.98,
        name="url",
    ),
    Pattern(
        "URL", rf"(?i)\bwww\d?\.{_HOST}*{_URL}+{_URL_END}", fit=web_address_of_www, name="url_www"
    ),
    Pattern(
        "URL",
        rf"(?i)\.(?:com|org|net|edu|gov|io|dev|app|ai|co|info|biz|me|ly|gl|uk|de|fr|es|it|nl|ch|at"
        rf"|be|eu|ca|au|us|in|br)/{_URL}+{_URL_END}",
        fit=web_address_of_host,
        score=0.8,
        name="url_path",
    ),
    named(
        "URL",
        rf"(?i)\b{_HOST}+(?:com|org|net|edu|gov|info|biz|uk|de|fr)\b",
        SITE,
        "url_bare",
        fit=bare_host,
    ),
    Pattern(
        "PHONE_NUMBER",
        rf"\+[ (]{{0,2}}[1-9](?:{_GAP}{{0,3}}\d){{6,16}}{_EXT}\b",
        fit=phones.international,
        near=PHONE,
        score=0.85,
        name="phone_international",
    ),
    Pattern(
        "PHONE_NUMBER",
        rf"\b00 ?[1-9](?:{_GAP}{{0,3}}\d){{6,14}}{_EXT}\b",
        fit=phones.international,
        near=PHONE,
        score=0.7,
        name="phone_international_00",
    ),
    Pattern(
        "PHONE_NUMBER",
        rf"(?:(?:\+?1[ .-]{{0,2}})?\(\d{{3}}\)[ .-]{{0,3}}\d{{3}} ?[ .-] ?\d{{4}}"
        rf"|\(\d{{2}}\) ?9?\d{{4}}-\d{{4}}|\b[08] ?\(\d{{3}}\) ?\d{{3}}[ -]\d{{2}}[ -]\d{{2}}){_EXT}\b",
        fit=phones.north_american,
        near=PHONE,
        score=0.85,
        name="phone_brackets",
    ),
    Pattern(
        "PHONE_NUMBER",
        rf"\b(?:1[ .-])?(?:\d{{3}}-\d{{3}}-|\d{{3}}\.\d{{3}}\.|\d{{3}} \d{{3}}-"
        rf"|[2-9]\d{{2}} [2-9]\d{{2}} )\d{{4}}{_EXT}\b",
        fit=phones.north_american,
        near=PHONE,
        score=0.75,
        name="phone_north_american",
    ),
    Pattern(
        "PHONE_NUMBER",
        rf"(?:\(|\b)0(?:{_GAP}{{0,3}}\d){{7,11}}{_EXT}\b",
        fit=phones.national,
        near=PHONE,
        score=0.55,
        name="phone_national",
    ),
    named(
        "PHONE_NUMBER",
        rf"(?:\(|\b)\d(?:{_GAP}{{0,3}}\d){{6,12}}{_EXT}\b",
        PHONE,
        "phone_context",
        fit=phones.any_number,
        lifted=0.7,
    ),
    Pattern(
        "PHONE_NUMBER",
        rf"\n(?:[TPMCODWH][:.] ?)?\(?\d(?:{_GAP}{{0,3}}\d){{6,12}}{_EXT}(?:[\r\n]|\z)",
        fit=phones.of_a_signature,
        score=0.6,
        name="phone_signature",
    ),
    named(
        "PHONE_NUMBER",
        rf"(?:\(|\b)\d(?:{_GAP}{{0,3}}\d){{6,12}}{_EXT}\b",
        PLACE_OF_PHONE,
        "phone_place",
        fit=phones.number_of_a_place,
        lifted=0.6,
    ),
    # networks and devices
    Pattern(
        "IP_ADDRESS",
        r"\b(?:\d{1,3}\.){3}\d{1,3}\b",
        lambda v: checks.ipv4(v) and len(v) > 7,
        IP,
        0.9,
        name="ipv4",
        fit=machine,
        unless=VERSION,
    ),
    named(
        "IP_ADDRESS",
        r"\b(?:\d{1,3}\.){3}\d{1,3}\b",
        IP,
        "ipv4_short",
        check=checks.ipv4,
        fit=machine,
        unless=VERSION,
    ),
    Pattern(
        "IP_ADDRESS",
        r"(?i)\b(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}\b",
        checks.ipv6,
        name="ipv6",
        fit=apart(":"),
    ),
    Pattern(
        "IP_ADDRESS",
        r"(?i)\b(?:[0-9a-f]{1,4}:){1,6}(?::[0-9a-f]{1,4}){1,6}\b",
        checks.ipv6,
        name="ipv6_short",
        fit=apart(":"),
    ),
    Pattern(
        "IP_ADDRESS",
        r"(?i)\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b",
        checks.mac,
        name="mac_address",
        fit=apart(":-"),
    ),
    named(
        "IP_ADDRESS",
        r"(?i)\b(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}\b",
        ("mac", "mac address", "interface", "hardware address"),
        "mac_address_dots",
    ),
    Pattern(
        "UUID",
        r"(?i)\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b",
        lambda v: len(set(v)) > 3,
        score=0.95,
        name="uuid",
    ),
    # addresses
    *STREETS,
    *POSTCODES,
)
