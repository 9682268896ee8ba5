"""The format of an API key: `gc_`, random characters and a checksum.

It follows GitHub's tokens: leaked keys can be searched by the prefix, and the checksum detects a
mistyped key without a query.
"""

import hashlib
import hmac
import zlib

PREFIX = "gc_"
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#: Random characters: log2(62^37) = 220 bits.
NUM_RANDOM = 37
#: Characters of the checksum: 62^6 > 2^32.
NUM_CHECKSUM = 6
#: Characters at the beginning and at the end of a key that may be shown.
NUM_SHOWN_FIRST = 7
NUM_SHOWN_LAST = 4


def assemble(random_characters: str) -> str:
    """Returns the key that is made of `NUM_RANDOM` random characters of `ALPHABET`."""
    return PREFIX + random_characters + _checksum(random_characters)


def is_well_formed(key: str) -> bool:
    """Returns whether the text has the format of a key and the right checksum."""
    body = key.removeprefix(PREFIX)
    has_form = key.startswith(PREFIX) and len(body) == NUM_RANDOM + NUM_CHECKSUM
    if not has_form or not body.isascii() or not body.isalnum():
        return False
    return body[NUM_RANDOM:] == _checksum(body[:NUM_RANDOM])


def digest_of(key: str, *, secret: str) -> bytes:
    """Returns the HMAC-SHA256 that is stored; without the secret, no key can be checked by it."""
    return hmac.new(secret.encode(), key.encode(), hashlib.sha256).digest()


def fingerprint_of(secret: str) -> bytes:
    """Returns a fingerprint that identifies the secret: the HMAC of a text that is not a key."""
    return digest_of("the secret itself", secret=secret)


def _checksum(characters: str) -> str:
    number = zlib.crc32(characters.encode())
    digits = []
    for _ in range(NUM_CHECKSUM):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))
