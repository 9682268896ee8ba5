"""The only Celery task: on a notification, train what is queued."""

import logging
from collections.abc import Callable

from celery import Celery

logger = logging.getLogger(__name__)

#: The task's name in the notifications that the API sends.
EXECUTE = "runs.execute"


def register_tasks(celery: Celery, train_queued: Callable[[], int]) -> None:
    """Registers the task, which calls `train_queued` and logs the number of trained runs."""

    def execute(*_: object, **__: object) -> None:
        # the arguments are ignored: another run may come first, and any message means "look"
        logger.debug("Notification: %d runs trained.", train_queued())

    celery.task(execute, name=EXECUTE, typing=False, shared=False)
