"""Find again what was lost: runs whose worker is gone, and queued runs whose bell was not heard."""

from app.domain.runs import StopReason
from app.queue import RunQueue
from app.services.attempts.rescue_run import rescue_run
from app.store.claims import lock_expired
from app.store.database import UnitOfWork
from app.store.idempotency import forget_old_answers
from app.store.locks import SWEEP, try_lock
from app.store.partitions import ensure_partitions
from app.store.preflights import forget_old_preflights
from app.store.queue_order import queued_ids
from app.store.sessions import end_stalled
from app.store.workers import forget_old_workers

#: A queued run is rung for again after so long.
UNHEARD_AFTER_S = 5.0
LOST = "The worker that trained the run was lost."


def sweep_runs(
    work: UnitOfWork,
    *,
    queue: RunQueue,
    num_bells: int,
    max_crashes: int | None,
    max_running_runs: int,
    stalled_after_s: float,
) -> None:
    """One process at a time sweeps; the others return at once.

    `max_crashes` None leaves lost runs alone for now: right after an outage their workers may
    still be there. At most `num_bells` runs are rung for, once all is committed;
    `max_running_runs` is the quota of a workspace that has none of its own. Processes that are
    silent in the middle of a transaction for `stalled_after_s` lose their session.
    """
    session = work.session
    # whoever leads may be the one that has stalled
    end_stalled(session, older_than_s=stalled_after_s)
    if not try_lock(session, SWEEP):
        return
    if max_crashes is not None:
        for run in lock_expired(session):
            rescue_run(
                work,
                run_id=run.id,
                attempt=run.attempt,
                error=LOST,
                max_crashes=max_crashes,
                stop_reason=StopReason.LOST,
            )
    waiting = queued_ids(
        session,
        older_than_s=UNHEARD_AFTER_S,
        limit=num_bells,
        max_running_runs=max_running_runs,
    )
    work.after_commit(lambda: [queue.ring(run_id) for run_id in waiting])
    forget_old_answers(session)
    forget_old_workers(session)
    forget_old_preflights(session)
    ensure_partitions(session)
