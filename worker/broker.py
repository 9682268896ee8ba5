"""How a worker receives messages: it survives malformed ones, and receives the next at once.

Two additions to Celery and Kombu. Both would otherwise cost a worker, or seconds:

- A message that is no JSON, or not of Celery's form, raises in the loop that receives messages, and
  Celery then ends the worker. One with a date in the year 2999 keeps a thread until then. Only the
  name of the task matters here, so each message is replaced by one that this module makes.
- With `worker_disable_prefetch` a worker receives nothing while all of its threads are busy. When a
  thread is done, nobody tells the loop, which sleeps until its next timer, for about a second. A
  worker then answers one notification in a second, however fast it is.
"""

import logging
import os
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

from celery import Celery, bootsteps
from kombu.transport import TRANSPORT_ALIASES
from kombu.transport.redis import Channel, Transport

from worker.tasks import EXECUTE

if TYPE_CHECKING:
    from celery.worker.consumer import Consumer

logger = logging.getLogger(__name__)

#: Celery's default queue, on which notifications come.
QUEUE = "celery"
#: Characters of an error that the log shows.
_SHOWN = 200
#: Positional arguments, named arguments, and what Celery embeds.
_NO_ARGUMENTS = b64encode(b"[[], {}, {}]").decode()


class MalformedMessages:
    """Counts messages that are no messages; logs the first, the tenth, the hundredth and so on."""

    def __init__(self) -> None:
        self.number = 0
        self._num_recorded = 0

    @property
    def num_unrecorded(self) -> int:
        """Those that the database does not know yet."""
        return self.number - self._num_recorded

    def note_recorded(self, number: int) -> None:
        """Notes that the database knows so many more."""
        self._num_recorded += number

    def note(self, error: Exception) -> None:
        self.number += 1
        if str(self.number).strip("0") == "1":
            shown = repr(error)[:_SHOWN]
            logger.warning("Malformed messages ignored so far: %d. %s", self.number, shown)


#: Of this process.
MALFORMED = MalformedMessages()


class TolerantChannel(Channel):
    """A channel that ignores malformed messages, on its queues and on those of remote control."""

    malformed = MALFORMED

    def _brpop_read(self, **options: object) -> bool:
        return self._unless_malformed(lambda: super(TolerantChannel, self)._brpop_read(**options))

    def _receive(self) -> bool:
        return self._unless_malformed(super()._receive)

    def _unless_malformed(self, receive: Callable[[], bool]) -> bool:
        """Returns whether a message was received; raises only what is no fault of the message."""
        delivered = set(self.qos._delivered)  # noqa: SLF001 - Kombu has no other list of them
        try:
            return bool(receive())
        except (Empty, *self.connection_errors, *self.connection.channel_errors):
            raise
        except Exception as error:  # noqa: BLE001 - any error may follow from any content
            self.malformed.note(error)
            for tag in set(self.qos._delivered) - delivered:  # noqa: SLF001
                # it would otherwise be delivered again
                self.basic_ack(tag)
            return False


class TolerantTransport(Transport):
    """Kombu's transport for Redis; it delivers notifications and ignores what is none."""

    Channel = TolerantChannel

    def _deliver(self, message: object, queue: str) -> None:
        if queue == QUEUE:
            message = as_notification(message)
        super()._deliver(message, queue)


def as_notification(message: object) -> dict[str, object]:
    """Returns a notification with Celery's envelope for a message that names our task.

    Arguments, dates and whatever else the message has are left out. Raises ValueError otherwise.
    """
    headers = message.get("headers") if isinstance(message, dict) else None
    name = headers.get("task") if isinstance(headers, dict) else None
    if name != EXECUTE:
        detail = f"it does not name the task {EXECUTE}"
        raise ValueError(detail)
    own_id = str(uuid4())
    return {
        "body": _NO_ARGUMENTS,
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"lang": "py", "task": EXECUTE, "id": own_id, "root_id": own_id},
        "properties": {
            "body_encoding": "base64",
            "correlation_id": own_id,
            "delivery_info": {"exchange": "", "routing_key": QUEUE},
            "delivery_tag": own_id,
        },
    }


class _Pool(Protocol):
    """Celery's pool of threads, as far as it is used here."""

    on_apply: Callable[..., "_Applied"]


class _Applied(Protocol):
    """A task that the pool has taken."""

    f: Future[object]


class ReceiveWhenDone(bootsteps.StartStopStep):  # type: ignore[misc] # Celery has no types
    """Wakes the loop that receives messages each time a thread of the pool is done."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: "Consumer", **options: Any) -> None:
        super().__init__(consumer, **options)
        self._read_fd, self._write_fd = os.pipe()
        for fd in (self._read_fd, self._write_fd):
            os.set_blocking(fd, False)
        wake_when_done(consumer.pool, self._wake)

    def start(self, consumer: "Consumer") -> None:
        """Called for each connection to the broker; the loop forgets its files with the last."""
        if consumer.hub is not None:
            consumer.hub.add_reader(self._read_fd, self._clear)

    def _wake(self) -> None:
        # when the pipe is full, the loop is about to wake
        with suppress(BlockingIOError):
            os.write(self._write_fd, b".")

    def _clear(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._read_fd, 4096)


def wake_when_done(pool: _Pool, wake: Callable[[], None]) -> None:
    """Makes the pool call `wake` when a task is done and its thread is free again."""
    apply = pool.on_apply

    def on_apply(*arguments: object, **options: object) -> _Applied:
        applied = apply(*arguments, **options)
        applied.f.add_done_callback(lambda _: wake())
        return applied

    pool.on_apply = on_apply


def receive_robustly(celery: Celery) -> None:
    """Adds both to the worker of this application; the transport is that of the whole process."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:{TolerantTransport.__name__}"
    celery.steps["consumer"].add(ReceiveWhenDone)
