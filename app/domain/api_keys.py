"""What an API key looks like: `gc_`, random characters, and a checksum that needs no database."""

import hashlib
import hmac
import zlib
from string import ascii_letters, digits

#: Base 62, in the order of its digits' values.
ALPHABET = digits + ascii_letters
PREFIX = "gc_"
#: 37 characters of base 62 are 220 bits.
NUM_RANDOM = 37
#: 62 ** 6 is more than 2 ** 32, so a CRC-32 fits.
NUM_CHECKSUM = 6
#: How much of a key may be shown: enough to tell two apart.
NUM_SHOWN = len(PREFIX) + 4
NUM_LAST = 4


def assemble_key(random_part: str) -> str:
    """The key that carries this random part; the caller draws it from a safe source."""
    body = PREFIX + random_part
    return body + _checksum(body)


def is_well_formed(key: str) -> bool:
    """Whether the checksum fits: false for typing errors and guesses, without a query."""
    body, checksum = key[:-NUM_CHECKSUM], key[-NUM_CHECKSUM:]
    is_of_length = len(key) == len(PREFIX) + NUM_RANDOM + NUM_CHECKSUM
    is_clean = key.startswith(PREFIX) and set(key[len(PREFIX) :]) <= set(ALPHABET)
    return is_of_length and is_clean and _checksum(body) == checksum


def digest_of(key: str, *, secret: str) -> bytes:
    """HMAC-SHA256 under the service's secret: all that is stored of a key."""
    return hmac.new(secret.encode(), key.encode(), hashlib.sha256).digest()


def _checksum(body: str) -> str:
    rest = zlib.crc32(body.encode())
    found = ""
    for _ in range(NUM_CHECKSUM):
        rest, value = divmod(rest, len(ALPHABET))
        found = ALPHABET[value] + found
    return found
