"""Ends database sessions of this service whose process is stopped."""

from sqlalchemy import text
from sqlalchemy.orm import Session

#: The default of `idle_in_transaction_session_timeout`, for processes that have no lease.
STALLED_AFTER_S = 30.0
#: `idle_in_transaction_session_timeout` is not enough. It starts with the answer to a statement and
#: ends with the next message, and a pipeline sends messages that are no statements. After such a
#: message a session waits for ever, in an idle or an active state. `transaction_timeout` of
#: PostgreSQL 17 would also end long work.
_END_STALLED = text("""
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
      AND application_name = current_setting('application_name')
      AND state <> 'idle' AND wait_event = 'ClientRead'
      AND state_change < clock_timestamp() - make_interval(secs => :older_than_s)
""")


def end_stalled(session: Session, *, older_than_s: float) -> int:
    """Ends sessions that have waited for their process inside a transaction; returns their number.

    A session counts after `older_than_s` seconds without a message. While its process is stopped
    it would keep its locks, such as that of the run or of the sweep.
    """
    return int(session.execute(_END_STALLED, {"older_than_s": older_than_s}).scalar_one())
