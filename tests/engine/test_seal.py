"""Sealing, blind indexes and token keys: published vectors, frozen ones of ours, tampering."""

from __future__ import annotations

import copy
import hmac
import pickle
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from llm_guard_protecto.engine.seal import Index, Mac, Sealer, TokenKey, joined
from llm_guard_protecto.errors import Unreadable

KEY = bytes.fromhex("5f3c1e9ab27d48c60db1e47a9236f85c81d7034be6a92f5c7014cb83fd6e25a9")
OTHER = bytes.fromhex("a1b2c3d4e5f60718293a4b5c6d7e8f90123456789abcdef00fedcba987654321")
PLACE = b"the row of Imogen"

anything = st.text(st.characters(codec=None, exclude_categories=()), max_size=300)
parts = st.lists(st.one_of(anything, st.binary(max_size=40)), max_size=5)

RFC_4231 = [
    (
        b"\x0b" * 20,
        b"Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ),
    (
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    (
        b"\xaa" * 20,
        b"\xdd" * 50,
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    ),
    (
        bytes(range(1, 26)),
        b"\xcd" * 50,
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ),
    (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    (
        b"\xaa" * 131,
        (
            b"This is a test using a larger than block-size key and a larger than block-size data. "
            b"The key needs to be hashed before being used by the HMAC algorithm."
        ),
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
]

# Cases 13, 14 and 16 of the GCM submission to NIST: key, nonce, clear, associated, sealed + tag.
GCM = [
    ("00" * 32, "00" * 12, "", "", "530f8afbc74536b9a963b4f1c4cb738b"),
    (
        "00" * 32,
        "00" * 12,
        "00" * 16,
        "",
        "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
    ),
    (
        "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
        "cafebabefacedbaddecaf888",
        (
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e24"
            "49a6b525b16aedf5aa0de657ba637b39"
        ),
        "feedfacedeadbeeffeedfacedeadbeefabaddad2",
        (
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b10"
            "56828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b"
        ),
    ),
]


@pytest.mark.parametrize(("key", "data", "code"), RFC_4231)
def test_the_published_hmac_vectors(key: bytes, data: bytes, code: str) -> None:
    assert Mac(key).of(data).hex() == code


@given(key=st.binary(max_size=200), data=st.binary(max_size=300))
def test_hmac_is_that_of_the_standard_library(key: bytes, data: bytes) -> None:
    mac = Mac(key)
    assert mac.of(data) == mac.of(data) == hmac.digest(key, data, "sha256")


@pytest.mark.parametrize(("key", "nonce", "clear", "associated", "sealed"), GCM)
def test_the_published_gcm_vectors(
    key: str, nonce: str, clear: str, associated: str, sealed: str
) -> None:
    cipher = AESGCM(bytes.fromhex(key))
    given = [bytes.fromhex(text) for text in (nonce, clear, associated)]
    assert cipher.encrypt(*given).hex() == sealed


def test_the_format_is_as_documented() -> None:
    nonce = bytes(range(12))
    associated = b"\0\0\0\x01\x01" + b"\0\0\0\x013" + len(PLACE).to_bytes(4, "big") + PLACE
    body = AESGCM(KEY).encrypt(nonce, b"Imogen\x80".ljust(16, b"\0"), associated)
    assert Sealer(KEY, 3).open(b"\x01" + nonce + body, PLACE) == "Imogen"


def test_values_sealed_by_the_first_release_still_open() -> None:
    sealed = bytes.fromhex(
        "01000102030405060708090a0b"
        "bf3fc763c15321b2ede04c73493f67dfb064b28383b40dd569e2fde26059c090"
        "0c2d1038ccd85928b17db0879d734074"
    )
    assert Sealer(KEY, 3).open(sealed, PLACE) == "Imogen \ud83d O'Brádaigh\0"


def test_derivations_never_change() -> None:
    assert joined("ab", b"\0", 12).hex() == "0000000261620000000100000000023132"
    assert (
        TokenKey(KEY).digest("safe:5-10", "Imogen", 0).hex()
        == "549ea0291ec98d2dfe69de2e1dc9a1d0fadd4753dc6769e510bc4c9197a1c2cf"
    )
    assert (
        TokenKey(KEY).digest("safe:5-10", "\ud800\0é", 7).hex()
        == "299566eae6763834671416d4bc0f782526da46fd1a2a339394660ad49c647ce8"
    )
    assert Index(KEY).of("safe:5-10", "Imogen").hex() == "a48fb030b7b5792851743c0bdd8903d8"


def test_a_digest_is_the_hmac_of_what_is_documented() -> None:
    data = b"\0\0\0\x04lgp1\0\0\0\x06digits\0\0\0\x03555\0\0\0\x011"
    assert TokenKey(KEY).digest("digits", "555", 1) == hmac.digest(KEY, data, "sha256")


@given(one=parts, two=parts)
def test_different_parts_never_join_to_the_same_bytes(
    one: list[str | bytes], two: list[str | bytes]
) -> None:
    as_bytes = [
        [p if isinstance(p, bytes) else p.encode("utf-8", "surrogatepass") for p in x]
        for x in (one, two)
    ]
    assert (joined(*one) == joined(*two)) == (as_bytes[0] == as_bytes[1])


def test_keys_and_purposes_give_different_results() -> None:
    asked = ("safe", "Imogen", 0)
    results = [
        TokenKey(KEY).digest(*asked)[:16],
        TokenKey(OTHER).digest(*asked)[:16],
        Index(KEY).of(*asked),
        Index(OTHER).of(*asked),
    ]
    assert len(set(results)) == 4
    assert len(Index(KEY).of(*asked)) == 16


@given(value=anything, place=st.binary(max_size=60))
def test_what_is_sealed_opens(value: str, place: bytes) -> None:
    sealer = Sealer(KEY)
    sealed = sealer.seal(value, place)
    assert sealer.open(sealed, place) == value
    assert sealer.seal(value, place) != sealed


@given(clear=st.binary(max_size=300))
def test_bytes_come_back_whatever_they_end_with(clear: bytes) -> None:
    for ending in (b"", b"\x80", b"\0", b"\x80\0\0"):
        sealer = Sealer(KEY)
        assert sealer.open_bytes(sealer.seal_bytes(clear + ending, b""), b"") == clear + ending


def test_sizes_tell_little() -> None:
    overhead = 1 + 12 + 16
    sizes = [len(Sealer(KEY).seal("x" * n, b"")) - overhead for n in range(300)]
    assert set(sizes) == {16, 32, 64, 128, 256, 512}
    assert sizes == sorted(sizes)
    assert all(n < size <= max(16, 2 * n) for n, size in enumerate(sizes))


def test_every_flipped_bit_is_unreadable() -> None:
    sealer = Sealer(KEY)
    sealed = sealer.seal("Imogen O'Brádaigh", PLACE)
    for at in range(len(sealed)):
        for bit in range(8):
            bent = bytearray(sealed)
            bent[at] ^= 1 << bit
            with pytest.raises(Unreadable):
                sealer.open(bytes(bent), PLACE)


def test_every_flipped_bit_of_the_place_is_unreadable() -> None:
    sealer = Sealer(KEY)
    sealed = sealer.seal("Imogen", PLACE)
    for at in range(len(PLACE)):
        for bit in range(8):
            bent = bytearray(PLACE)
            bent[at] ^= 1 << bit
            with pytest.raises(Unreadable):
                sealer.open(sealed, bytes(bent))


def test_cut_longer_and_foreign_bytes_are_unreadable() -> None:
    sealer = Sealer(KEY)
    sealed = sealer.seal("Imogen", PLACE)
    bent = [sealed[:n] for n in range(len(sealed))]
    bent += [sealed + b"\0", sealed + sealed, b"\x02" + sealed[1:], b"", b"Imogen"]
    for wrong in bent:
        with pytest.raises(Unreadable):
            sealer.open(wrong, PLACE)
    for stranger in (Sealer(OTHER), Sealer(KEY, version=2)):
        with pytest.raises(Unreadable):
            stranger.open(sealed, PLACE)


@given(noise=st.binary(max_size=200))
def test_noise_is_unreadable(noise: bytes) -> None:
    with pytest.raises(Unreadable):
        Sealer(KEY).open(b"\x01" + noise, PLACE)


@pytest.mark.parametrize("padded", [b"\0" * 16, b"Imogen".ljust(16), b"Imogen\x80".ljust(16, b"x")])
def test_well_sealed_nonsense_is_unreadable(padded: bytes) -> None:
    nonce = bytes(12)
    body = AESGCM(KEY).encrypt(nonce, padded, joined(b"\x01", 1, PLACE))
    with pytest.raises(Unreadable):
        Sealer(KEY).open(b"\x01" + nonce + body, PLACE)


def test_the_error_says_nothing_and_holds_nothing() -> None:
    sealer = Sealer(KEY)
    sealed = sealer.seal("Imogen", PLACE)
    tampered = sealed[:-1] + bytes([sealed[-1] ^ 1])
    no_text = sealer.seal_bytes(b"Imogen \xff", PLACE)
    errors = []
    for wrong in (tampered, no_text, b""):
        with pytest.raises(Unreadable) as caught:
            sealer.open(wrong, PLACE)
        errors.append(caught.value)
    assert {str(error) for error in errors} == {"A sealed value cannot be opened."}
    assert not any(isinstance(error.__context__, UnicodeError) for error in errors)


@pytest.mark.parametrize("make", [TokenKey, Index, Sealer, Mac])
def test_keys_do_not_show_copy_or_pickle(make: Any) -> None:
    holder = make(KEY)
    assert repr(holder) == str(holder) == f"<{make.__name__}>"
    assert not hasattr(holder, "__dict__")
    with pytest.raises(TypeError, match="holds a key"):
        pickle.dumps(holder)
    with pytest.raises(TypeError, match="holds a key"):
        copy.deepcopy(holder)


@pytest.mark.parametrize("make", [TokenKey, Index, Sealer])
@pytest.mark.parametrize("key", [b"", b"short", KEY + b"\0"])
def test_a_key_has_32_bytes(make: Any, key: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        make(key)
