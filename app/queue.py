"""Notifies workers over the broker that a run is queued.

Notifications may be lost, repeated or late. The row in the database is the job.
"""

import logging
from threading import Lock
from types import MappingProxyType
from uuid import UUID

import redis
from celery import Celery
from kombu.exceptions import KombuError

#: Name of the Celery task that a notification starts in a worker.
TASK = "runs.execute"
#: Time limit of each of connecting, writing and reading; short, because a caller waits for it.
TIMEOUT_S = 0.3
#: Errors of a broker that is down, does not answer or is full; each costs one notification.
_FAILURES = (OSError, KombuError, redis.RedisError)
_SETTINGS = MappingProxyType(
    {
        "result_backend": None,
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        "broker_connection_timeout": TIMEOUT_S,
        "broker_connection_retry": False,
        # one connection for each thread of an API process, so that threads do not wait
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
    """Sends notifications to workers. No method raises or waits long for the broker."""

    def __init__(self, broker_url: str) -> None:
        self._celery = Celery("gradient_clinic_queue", broker=broker_url, set_as_current=False)
        self._celery.conf.update(_SETTINGS)
        self._broker_url = broker_url
        self._counting = Lock()
        self._num_sent = 0
        self._num_failed = 0

    @property
    def num_sent(self) -> int:
        """Number of notifications that the broker accepted."""
        return self._num_sent

    @property
    def num_failed(self) -> int:
        """Number of notifications that the broker did not accept; the sweep sends new ones."""
        return self._num_failed

    def notify(self, run_id: UUID) -> bool:
        """Notifies workers of a queued run; returns whether the broker accepted the message.

        A lost notification delays the run until the next sweep.
        """
        try:
            self._celery.send_task(TASK, args=(str(run_id),), retry=False, ignore_result=True)
        except _FAILURES as error:
            logger.warning("The notification for run %s was lost: %s", run_id, error)
            with self._counting:
                self._num_failed += 1
            return False
        with self._counting:
            self._num_sent += 1
        return True

    def is_reachable(self) -> bool:
        """Returns whether the broker answers."""
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
