"""Rescue runs whose worker is gone, notify workers of queued runs again, delete what is old."""

from collections.abc import Iterator

from app.domain.runs import StopReason
from app.queue import RunQueue
from app.services.attempts.finish_run import AttemptEnd
from app.services.attempts.rescue_run import rescue_locked
from app.store.claims import lock_expired
from app.store.database import UnitOfWork
from app.store.idempotency import forget_old_answers
from app.store.locks import SWEEP, try_lock
from app.store.partitions import ensure_partitions
from app.store.predictions import forget_old_predictions
from app.store.preflights import forget_old_preflights
from app.store.queue_order import queued_ids
from app.store.sessions import end_stalled
from app.store.workers import forget_old_workers

#: Workers are notified again of a run that has been queued for this long.
NOTIFY_AGAIN_AFTER_S = 5.0
LOST = "The worker that trained the run was lost."


def sweep_runs(
    work: UnitOfWork,
    *,
    queue: RunQueue,
    max_notifications: int,
    max_crashes: int | None,
    max_running_runs: int,
    stalled_after_s: float,
) -> tuple[AttemptEnd, ...]:
    """Sweeps unless another process does; then it returns at once.

    Returns the ends of lost runs that are not tried again. The caller stores them with
    `finish_run` after the commit, because judging a run may take seconds.

    `max_crashes` None rescues no run: right after an outage of the database, leases have expired
    whose workers still live. Workers are notified of at most `max_notifications` runs, after the
    commit. `max_running_runs` is the quota of a workspace that has none of its own. A session that
    is idle inside a transaction for `stalled_after_s` is ended.
    """
    session = work.session
    # first, because the process that holds the lock below may be the stalled one
    end_stalled(session, older_than_s=stalled_after_s)
    if not try_lock(session, SWEEP):
        return ()
    ends = () if max_crashes is None else tuple(_rescue_lost(work, max_crashes))
    waiting = queued_ids(
        session,
        older_than_s=NOTIFY_AGAIN_AFTER_S,
        limit=max_notifications,
        max_running_runs=max_running_runs,
    )
    work.after_commit(lambda: [queue.notify(run_id) for run_id in waiting])
    forget_old_answers(session)
    forget_old_workers(session)
    forget_old_preflights(session)
    forget_old_predictions(session)
    ensure_partitions(session)
    return ends


def _rescue_lost(work: UnitOfWork, max_crashes: int) -> Iterator[AttemptEnd]:
    for run in lock_expired(work.session):
        end = rescue_locked(
            work, run, error=LOST, max_crashes=max_crashes, stop_reason=StopReason.LOST
        )
        if end is not None:
            yield end
