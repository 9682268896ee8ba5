"""API keys: recognised by their form, stored as an HMAC."""

import pytest

from app.domain.tokens import assemble, digest_of, fingerprint_of, is_well_formed

#: Prefix, 37 random characters, and their CRC-32 in base 62.
KEY = "gc_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa2sN54l"


def test_an_assembled_key_is_well_formed() -> None:
    assert assemble("a" * 37) == KEY
    assert is_well_formed(KEY)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "gc_",
        KEY[3:],
        KEY[:-1],
        KEY + "0",
        KEY.replace("a", "b", 1),
        KEY[:-1] + "!",
        "gc_" + "é" * 43,
    ],
)
def test_what_was_mistyped_is_not(key: str) -> None:
    assert not is_well_formed(key)


def test_a_digest_depends_on_key_and_secret() -> None:
    other = assemble("b" * 37)

    digests = {digest_of(key, secret=secret) for key in (KEY, other) for secret in ("s", "t")}

    assert len(digests) == 4
    assert all(len(digest) == 32 for digest in digests)


def test_a_fingerprint_tells_secrets_apart_and_is_no_key_s_digest() -> None:
    assert fingerprint_of("s") == fingerprint_of("s")
    assert fingerprint_of("s") != fingerprint_of("t")
    assert fingerprint_of("s") != digest_of(KEY, secret="s")
