"""The one Celery task: a bell rang, so train what is queued."""

import logging
from collections.abc import Callable

from celery import Celery

logger = logging.getLogger(__name__)

#: The name under which the API rings.
EXECUTE = "runs.execute"


def register_tasks(celery: Celery, answer_bell: Callable[[], int]) -> None:
    """Tie the bell to `answer_bell`, which trains queued runs and says how many."""

    def execute(*hint: object, **_: object) -> None:
        # the run that rang need not be the best one to claim, and junk rings as well as an id does
        num_trained = answer_bell()
        logger.debug("Bell %s: %d runs trained.", hint, num_trained)

    celery.task(execute, name=EXECUTE, typing=False, shared=False)
