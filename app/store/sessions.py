"""The database's sessions with processes of the service."""

from sqlalchemy import text
from sqlalchemy.orm import Session

#: As long as `idle_in_transaction_session_timeout` gives a session of a process without a lease.
STALLED_AFTER_S = 30.0
#: That timeout starts with the answer to a statement and ends with the next message, of which a
#: pipeline has some that are no statements: behind these a session waits for ever, and still counts
#: as idle, or as active in the middle of one. `transaction_timeout` of PostgreSQL 17 would end long
#: work too.
_END_STALLED = text("""
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
      AND application_name = current_setting('application_name')
      AND state <> 'idle' AND wait_event = 'ClientRead'
      AND state_change < clock_timestamp() - make_interval(secs => :older_than_s)
""")


def end_stalled(session: Session, *, older_than_s: float) -> int:
    """End sessions whose process stopped in the middle of a transaction; how many.

    They hold their locks for as long as the process sleeps: a run that it trained, or the sweep.
    """
    return int(session.execute(_END_STALLED, {"older_than_s": older_than_s}).scalar_one())
