"""What is true of the whole installation: one row, or none before the first start."""

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.store.tables import installation

#: Of the one row.
_ID = 1


def find_secret_fingerprint(session: Session) -> bytes | None:
    """None before the first start that noted one."""
    return session.execute(select(installation.c.secret_fingerprint)).scalar_one_or_none()


def keep_secret_fingerprint(session: Session, fingerprint: bytes) -> None:
    session.execute(insert(installation).values(id=_ID, secret_fingerprint=fingerprint))
