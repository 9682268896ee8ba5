"""The only Celery task: on a notification, train what is queued."""

import logging
from collections.abc import Callable

from celery import Celery

logger = logging.getLogger(__name__)

#: The task's name in the notifications that the API sends.
EXECUTE = "runs.execute"


def register_tasks(celery: Celery, train_queued: Callable[[], int]) -> None:
    """Registers the task, which calls `train_queued` and logs the number of trained runs."""

    def execute(*arguments: object, **_: object) -> None:
        # the arguments are ignored: another run may come first, and any message means "look"
        num_trained = train_queued()
        logger.debug("Notification %s: %d runs trained.", arguments, num_trained)

    celery.task(execute, name=EXECUTE, typing=False, shared=False)
