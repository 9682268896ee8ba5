"""Identifiers that sort by creation time: UUID version 7 (RFC 9562)."""

import secrets
import time
from datetime import datetime
from uuid import UUID

_NS_PER_MS = 1_000_000


def new_id() -> UUID:
    """Returns a UUIDv7: milliseconds, their fraction in 12 bits, then 62 random bits.

    The fraction follows method 3 of RFC 9562.
    """
    now_ms, rest_ns = divmod(time.time_ns(), _NS_PER_MS)
    fraction = (rest_ns << 12) // _NS_PER_MS
    value = now_ms << 80 | 7 << 76 | fraction << 64 | 2 << 62 | secrets.randbits(62)
    return UUID(int=value)


def first_id_of(moment: datetime) -> UUID:
    """Returns the smallest identifier of `moment`; all earlier identifiers sort below it."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
