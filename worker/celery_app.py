"""How Celery is set: a doorbell that may ring twice, late or never, and a pool of threads.

The database row is the job, so a message is acknowledged before it is acted on and nothing is kept
for it: no results, no retries, no events, no messages held in reserve.
"""

from types import MappingProxyType
from typing import TYPE_CHECKING

import redis
from celery import Celery
from kombu.exceptions import ChannelError, OperationalError

from app.domain.errors import Misconfigured

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
        # a bell that waits here could be answered by a free worker elsewhere
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
    """The application that a worker runs; `slots` runs train side by side."""
    celery = Celery("gradient_clinic", broker=broker_url, set_as_current=False)
    celery.conf.update(dict(SETTINGS), worker_concurrency=slots)
    return celery


def check_worker(controller: "WorkController") -> None:
    """Refuse to start when an option of the command line has undone what correctness needs."""
    conf = controller.app.conf
    undone = sorted(name for name, value in SETTINGS.items() if conf[name] != value)
    if undone:
        detail = f"Celery must not be started with another {', '.join(undone)}."
        raise Misconfigured(detail)
    pool = controller.pool_cls
    if pool != "threads" and getattr(pool, "__module__", pool) != POOL:
        detail = "The Celery worker must be started with --pool=threads."
        raise Misconfigured(detail)
    if controller.task_events:
        detail = "The Celery worker must be started without task events (-E)."
        raise Misconfigured(detail)


def check_broker(broker_url: str) -> None:
    """Refuse a broker that forgets what it was told; one that cannot be asked is let be.

    `volatile-…` policies forget keys that have a time to live, and ours have none. Hosted brokers
    may forbid CONFIG; INFO tells the same.
    """
    try:
        with redis.Redis.from_url(broker_url, socket_timeout=2, socket_connect_timeout=2) as client:
            memory = client.info("memory")
    except redis.RedisError:
        return
    # brokers of the same protocol may not say it: as good as one that cannot be asked
    policy = memory.get("maxmemory_policy", "")
    if memory.get("maxmemory") and policy.startswith("allkeys"):
        detail = f"The broker's maxmemory-policy is {policy}, so that it may forget its queues: "
        detail += "set maxmemory-policy to noeviction."
        raise Misconfigured(detail)


def count_bells(celery: Celery) -> int | None:
    """Messages that no worker has taken; None when the broker cannot be asked."""
    queue = celery.conf.task_default_queue
    try:
        with celery.connection_for_read() as connection:
            return int(connection.default_channel.queue_declare(queue, passive=True).message_count)
    except (OSError, OperationalError, ChannelError):
        return None
