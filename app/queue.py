"""Tells workers that a run is queued, by a message that may be lost. The database row is the job.

Such a message is called a bell.
"""

import logging
from threading import Lock
from types import MappingProxyType
from uuid import UUID

import redis
from celery import Celery
from kombu.exceptions import KombuError

#: Name of the Celery task that the message calls; the API imports no code of the worker.
TASK = "runs.execute"
#: Seconds for each of connecting, writing and reading, since a caller waits for it.
TIMEOUT_S = 0.3
#: Errors of a broker that is unreachable, silent or full. Each means that the bell is lost.
_FAILURES = (OSError, KombuError, redis.RedisError)
_SETTINGS = MappingProxyType(
    {
        "result_backend": None,
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        "broker_connection_timeout": TIMEOUT_S,
        "broker_connection_retry": False,
        # as many as the threads of an API process, so that they do not wait for each other
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
    """Sends bells. Never raises, and returns within about a second where the broker fails."""

    def __init__(self, broker_url: str) -> None:
        self._celery = Celery("gradient_clinic_bell", broker=broker_url, set_as_current=False)
        self._celery.conf.update(_SETTINGS)
        self._broker_url = broker_url
        self._counting = Lock()
        self._num_rung = 0
        self._num_failed = 0

    @property
    def num_rung(self) -> int:
        """Bells that the broker accepted."""
        return self._num_rung

    @property
    def num_failed(self) -> int:
        """Bells that the broker did not accept. The workers' sweep finds their runs."""
        return self._num_failed

    def ring(self, run_id: UUID) -> bool:
        """Returns whether the broker accepted it. A lost bell delays the run to the next sweep."""
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
