"""Diagnoses running runs in another thread, so that judging one delays no heartbeat."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from app.domain.errors import Fenced, Unavailable

logger = logging.getLogger(__name__)


class Diagnoses:
    """One diagnosis at a time, because each reads all of a run's telemetry."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="diagnosis")

    def submit(self, diagnose: Callable[[], None]) -> Future[None]:
        """Diagnoses a run after those that were submitted before; errors are logged."""
        return self._threads.submit(_diagnose_or_log, diagnose)

    def close(self) -> None:
        """Drops what has not begun."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _diagnose_or_log(diagnose: Callable[[], None]) -> None:
    try:
        diagnose()
    except (Fenced, Unavailable) as error:
        logger.info("A run was not diagnosed: %s", error.detail)
    except Exception:
        # the run continues, or is taken back again, and the next diagnosis may succeed
        logger.exception("A run could not be diagnosed.")
