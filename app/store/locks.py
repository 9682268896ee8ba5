"""PostgreSQL advisory locks that are held until the end of the transaction."""

import hashlib

from sqlalchemy import func, select
from sqlalchemy.orm import Session

#: Held while the sweep requeues lost runs. "sweep" in ASCII.
SWEEP = 0x7377656570
#: Held while old readings are dropped. "retain" in ASCII.
RETAIN = 0x72657461696E
#: Held while the first workspace is created. "boots" in ASCII.
BOOTSTRAP = 0x626F6F7473


def lock_number(*words: str) -> int:
    """Returns the number of the lock that is named by the words, the first of which is its kind."""
    digest = hashlib.sha256("\x1f".join(words).encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def try_lock(session: Session, lock: int) -> bool:
    """Takes the lock unless another transaction holds it; returns whether it was taken."""
    return bool(session.execute(select(func.pg_try_advisory_xact_lock(lock))).scalar_one())


def take_lock(session: Session, lock: int) -> None:
    """Takes the lock; waits while another transaction holds it."""
    session.execute(select(func.pg_advisory_xact_lock(lock)))
