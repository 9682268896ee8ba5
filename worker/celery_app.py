"""Celery's settings: notifications that may be repeated, late or lost, and a pool of threads.

The row in the database is the job. A message is therefore acknowledged when it is received, and
Celery keeps nothing for it: no results, no retries, no events, no prefetched messages.
"""

from types import MappingProxyType
from typing import TYPE_CHECKING

import redis
from celery import Celery
from kombu.exceptions import ChannelError, OperationalError

from app.domain.errors import Misconfigured
from worker.broker import receive_robustly

if TYPE_CHECKING:
    from celery.worker import WorkController

POOL = "celery.concurrency.thread"

SETTINGS = MappingProxyType(
    {
        "task_acks_late": False,
        "task_ignore_result": True,
        "task_track_started": False,
        "task_store_errors_even_if_ignored": False,
        "result_backend": None,
        "accept_content": ["json"],
        "task_serializer": "json",
        "event_serializer": "json",
        "worker_pool": "threads",
        "worker_prefetch_multiplier": 1,
        # a prefetched notification would keep a free worker elsewhere from receiving it
        "worker_disable_prefetch": True,
        "worker_send_task_events": False,
        "task_send_sent_event": False,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_hijack_root_logger": True,
        "worker_redirect_stdouts": False,
        "broker_connection_retry": True,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_connection_timeout": 2,
        "broker_pool_acquire_timeout": 2,
        "broker_transport_options": {
            "socket_timeout": 5,
            "socket_connect_timeout": 2,
            "socket_keepalive": True,
            "health_check_interval": 10,
            "max_retries": 2,
        },
    }
)


def make_celery(broker_url: str, *, slots: int) -> Celery:
    """Returns the Celery application of a worker that trains `slots` runs at the same time."""
    celery = Celery("gradient_clinic", broker=broker_url, set_as_current=False)
    celery.conf.update(dict(SETTINGS), worker_concurrency=slots)
    receive_robustly(celery)
    return celery


def check_worker(controller: "WorkController") -> None:
    """Raises Misconfigured when the command line changed a setting that correctness needs."""
    conf = controller.app.conf
    changed = sorted(name for name, value in SETTINGS.items() if conf[name] != value)
    if changed:
        detail = f"Celery must not be started with another {', '.join(changed)}."
        raise Misconfigured(detail)
    pool = controller.pool_cls
    if pool != "threads" and getattr(pool, "__module__", pool) != POOL:
        detail = "The Celery worker must be started with --pool=threads."
        raise Misconfigured(detail)
    if controller.task_events:
        detail = "The Celery worker must be started without task events (-E)."
        raise Misconfigured(detail)


def check_broker(broker_url: str) -> None:
    """Raises Misconfigured for a broker that may evict its queues when its memory is full.

    A broker that does not answer is accepted. `volatile-…` policies are accepted, because they
    evict only keys with a time to live and the queues have none. INFO is read, because hosted
    brokers may forbid CONFIG.
    """
    try:
        with redis.Redis.from_url(broker_url, socket_timeout=2, socket_connect_timeout=2) as client:
            memory = client.info("memory")
    except redis.RedisError:
        return
    # other brokers with the same protocol may not report a policy; they are accepted
    policy = memory.get("maxmemory_policy", "")
    if memory.get("maxmemory") and policy.startswith("allkeys"):
        detail = f"The broker's maxmemory-policy is {policy}, so that it may evict its queues: "
        detail += "set maxmemory-policy to noeviction."
        raise Misconfigured(detail)


def count_messages(celery: Celery) -> int | None:
    """Returns the messages that no worker has received, or None when the broker does not answer."""
    queue = celery.conf.task_default_queue
    try:
        with celery.connection_for_read() as connection:
            return int(connection.default_channel.queue_declare(queue, passive=True).message_count)
    except (OSError, OperationalError, ChannelError):
        return None
