"""The composition root of a worker process: `celery -A worker.main worker`.

At the start, the main thread reads the settings, starts the forkserver and registers the worker.
Then the sweep starts, and Celery connects to its broker. On SIGTERM the worker claims no more runs,
releases those that it trains without counting a crash, and ends within seconds. On SIGUSR2 it
claims no more runs and finishes those that it trains; then it waits to be stopped.
"""

import os

from celery import signals

from app.settings import Settings
from worker.celery_app import make_celery
from worker.supervision.lifecycle import WorkerLifecycle
from worker.tasks import register_tasks

_settings = Settings.read(os.environ)
celery = make_celery(_settings.broker_url, slots=_settings.slots)
_lifecycle = WorkerLifecycle(_settings)
register_tasks(celery, _lifecycle.train_queued)
# Celery keeps weak references to receivers by default
signals.worker_init.connect(_lifecycle.boot, weak=False)
signals.celeryd_after_setup.connect(_lifecycle.start, weak=False)
signals.worker_shutting_down.connect(_lifecycle.request_stop, weak=False)
signals.worker_shutdown.connect(_lifecycle.wait_until_closed, weak=False)
