"""What is stored once for the whole installation; the first start inserts its one row."""

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.store.tables import installation

#: The id of the table's only row.
_ID = 1


def find_secret_fingerprint(session: Session) -> bytes | None:
    """Returns the stored fingerprint of the secret, or None before the first start."""
    return session.execute(select(installation.c.secret_fingerprint)).scalar_one_or_none()


def save_secret_fingerprint(session: Session, fingerprint: bytes) -> None:
    session.execute(insert(installation).values(id=_ID, secret_fingerprint=fingerprint))


def count_malformed_messages(session: Session) -> int:
    """Returns the number of malformed messages that workers have reported so far."""
    found = session.execute(select(installation.c.malformed_messages)).scalar_one_or_none()
    return found or 0


def add_malformed_messages(session: Session, number: int) -> None:
    total = installation.c.malformed_messages + number
    session.execute(update(installation).values(malformed_messages=total))
