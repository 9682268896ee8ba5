"""The composition root of a worker process: `celery -A worker.main worker`.

Boot, in the main thread: the settings, the forkserver and its first child, the worker's row. Then
the sweep starts, and Celery connects to its broker. On SIGTERM nothing is claimed any more, runs
are given back uncharged, and the process ends within seconds.
"""

import os

from celery import signals

from app.settings import Settings
from worker.celery_app import make_celery
from worker.supervision.life import WorkerLife
from worker.tasks import register_tasks

_settings = Settings.read(os.environ)
celery = make_celery(_settings.broker_url, slots=_settings.slots)
_life = WorkerLife(_settings)
register_tasks(celery, _life.answer_bell)
# Celery keeps weak references to receivers by default
signals.worker_init.connect(_life.boot, weak=False)
signals.celeryd_after_setup.connect(_life.work, weak=False)
signals.worker_shutting_down.connect(_life.stop, weak=False)
signals.worker_shutdown.connect(_life.leave, weak=False)
