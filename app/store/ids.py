"""Identifiers that sort by the time they were made: UUID version 7 (RFC 9562)."""

import secrets
import time
from datetime import datetime
from uuid import UUID

_NS_PER_MS = 1_000_000


def new_id() -> UUID:
    """Milliseconds, their fraction in 12 bits (RFC 9562 method 3), then 62 random bits."""
    now_ms, rest_ns = divmod(time.time_ns(), _NS_PER_MS)
    fraction = (rest_ns << 12) // _NS_PER_MS
    value = now_ms << 80 | 7 << 76 | fraction << 64 | 2 << 62 | secrets.randbits(62)
    return UUID(int=value)


def first_id_of(moment: datetime) -> UUID:
    """A bound: identifiers made at or after `moment` sort above it, those made before below."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
