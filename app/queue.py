"""The doorbell: tells workers, best effort, that a run is queued. The database row is the job."""

import logging
from threading import Lock
from types import MappingProxyType
from uuid import UUID

import redis
from celery import Celery
from kombu.exceptions import KombuError

#: The task that workers answer the bell with; the producer knows no more of it than its name.
TASK = "runs.execute"
#: Seconds for each of connecting, writing and reading: a ring may cost a caller little.
TIMEOUT_S = 0.3
#: What a broker that is away, silent or full brings about; all of it only costs a bell.
_FAILURES = (OSError, KombuError, redis.RedisError)
_SETTINGS = MappingProxyType(
    {
        "result_backend": None,
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        "broker_connection_timeout": TIMEOUT_S,
        "broker_connection_retry": False,
        # as many as an API process has threads, so that they do not wait for one another
        "broker_pool_limit": 40,
        "broker_pool_acquire_timeout": TIMEOUT_S,
        "broker_transport_options": {
            "socket_timeout": TIMEOUT_S,
            "socket_connect_timeout": TIMEOUT_S,
            "max_retries": 0,
        },
    }
)

logger = logging.getLogger(__name__)


class RunQueue:
    """Rings for workers; never raises and never keeps its caller waiting long."""

    def __init__(self, broker_url: str) -> None:
        self._celery = Celery("gradient_clinic_bell", broker=broker_url, set_as_current=False)
        self._celery.conf.update(_SETTINGS)
        self._broker_url = broker_url
        self._counting = Lock()
        self._num_rung = 0
        self._num_failed = 0

    @property
    def num_rung(self) -> int:
        """Bells that the broker took."""
        return self._num_rung

    @property
    def num_failed(self) -> int:
        """Bells that were lost; the sweep rings again."""
        return self._num_failed

    def ring(self, run_id: UUID) -> bool:
        """Whether the broker took it. A lost bell delays a run until the next sweep, no more."""
        try:
            self._celery.send_task(TASK, args=(str(run_id),), retry=False, ignore_result=True)
        except _FAILURES as error:
            logger.warning("The bell for run %s was lost: %s", run_id, error)
            with self._counting:
                self._num_failed += 1
            return False
        with self._counting:
            self._num_rung += 1
        return True

    def is_reachable(self) -> bool:
        """Whether the broker answers now."""
        client = redis.Redis.from_url(
            self._broker_url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
        )
        try:
            return bool(client.ping())
        except _FAILURES:
            return False
        finally:
            client.close()

    def close(self) -> None:
        self._celery.close()
