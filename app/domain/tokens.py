"""The shape of an API key: `gc_`, random characters, and a checksum.

The form follows GitHub's tokens: the prefix makes leaked keys findable, the checksum tells a
mistyped key without a look-up.
"""

import hashlib
import hmac
import zlib

PREFIX = "gc_"
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#: log2(62^37) = 220 bits.
NUM_RANDOM = 37
#: 62^6 > 2^32.
NUM_CHECKSUM = 6
#: Characters that may be shown of a key, at its beginning and at its end.
NUM_SHOWN_FIRST = 7
NUM_SHOWN_LAST = 4


def assemble(random_characters: str) -> str:
    """The key of `NUM_RANDOM` characters of `ALPHABET`."""
    return PREFIX + random_characters + _checksum(random_characters)


def is_well_formed(key: str) -> bool:
    """False for what never was a key: the wrong form, or a mistyped character."""
    body = key.removeprefix(PREFIX)
    has_form = key.startswith(PREFIX) and len(body) == NUM_RANDOM + NUM_CHECKSUM
    if not has_form or not body.isascii() or not body.isalnum():
        return False
    return body[NUM_RANDOM:] == _checksum(body[:NUM_RANDOM])


def digest_of(key: str, *, secret: str) -> bytes:
    """HMAC-SHA256: what is stored, of no use to who lacks the secret."""
    return hmac.new(secret.encode(), key.encode(), hashlib.sha256).digest()


def fingerprint_of(secret: str) -> bytes:
    """What tells one secret from another and nothing of either: the HMAC of no possible key."""
    return digest_of("the secret itself", secret=secret)


def _checksum(characters: str) -> str:
    number = zlib.crc32(characters.encode())
    digits = []
    for _ in range(NUM_CHECKSUM):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))
