"""Settings stored once for the whole installation; the first start inserts their one row."""

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.store.tables import installation

#: The id of the table's only row.
_ID = 1


def find_secret_fingerprint(session: Session) -> bytes | None:
    """Returns the stored fingerprint of the secret, or None before the first start."""
    return session.execute(select(installation.c.secret_fingerprint)).scalar_one_or_none()


def save_secret_fingerprint(session: Session, fingerprint: bytes) -> None:
    session.execute(insert(installation).values(id=_ID, secret_fingerprint=fingerprint))
