"""Advisory locks: one process does what only one should, for the length of a transaction."""

import hashlib

from sqlalchemy import func, select
from sqlalchemy.orm import Session

#: "sweep" in ASCII: the lock of the one that sweeps.
SWEEP = 0x7377656570
#: "retain" in ASCII: the lock of the one that drops what is too old.
RETAIN = 0x72657461696E
#: "bootstrap" in ASCII, less its end: the lock of the one that makes the first workspace.
BOOTSTRAP = 0x626F6F7473


def number_of(*words: str) -> int:
    """The lock of something that has no number of its own; the first word is the kind of lock."""
    digest = hashlib.sha256("\x1f".join(words).encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def try_to_lead(session: Session, lock: int) -> bool:
    """True for one transaction at a time; the others go on without."""
    return bool(session.execute(select(func.pg_try_advisory_xact_lock(lock))).scalar_one())


def wait_for(session: Session, lock: int) -> None:
    """Hold the lock until the end of the transaction, after whoever has it now."""
    session.execute(select(func.pg_advisory_xact_lock(lock)))
