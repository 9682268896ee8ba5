from types import SimpleNamespace

import pytest
import redis
from celery import Celery

from app.domain.errors import Misconfigured
from worker.celery_app import SETTINGS, check_broker, check_worker, make_celery
from worker.tasks import EXECUTE, register_tasks


def make_controller(**changes: object) -> SimpleNamespace:
    """The attributes that Celery's worker has when it starts."""
    celery = make_celery("redis://127.0.0.1:1/0", slots=2)
    return SimpleNamespace(
        **({"app": celery, "pool_cls": "threads", "task_events": False} | changes)
    )


def test_notifications_are_neither_kept_nor_repeated() -> None:
    celery = make_celery("redis://127.0.0.1:1/0", slots=3)

    assert {name: celery.conf[name] for name in SETTINGS} == dict(SETTINGS)
    assert celery.conf.worker_concurrency == 3


def test_a_worker_with_the_right_settings_may_start() -> None:
    check_worker(make_controller())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pool_cls": "prefork"}, "--pool=threads"),
        ({"task_events": True}, "without task events"),
    ],
)
def test_an_option_that_undoes_the_settings_is_refused(
    changes: dict[str, object], words: str
) -> None:
    with pytest.raises(Misconfigured, match=words):
        check_worker(make_controller(**changes))


def test_a_setting_that_was_changed_is_named() -> None:
    controller = make_controller()
    controller.app.conf.worker_prefetch_multiplier = 4

    with pytest.raises(Misconfigured, match="worker_prefetch_multiplier"):
        check_worker(controller)


@pytest.mark.parametrize("arguments", [(), ("junk",), ({"a": 1}, None, "b")])
def test_any_message_of_the_right_name_trains_what_is_queued(arguments: tuple[object, ...]) -> None:
    calls: list[int] = []

    def train_queued() -> int:
        calls.append(1)
        return 0

    celery: Celery = make_celery("redis://127.0.0.1:1/0", slots=1)
    register_tasks(celery, train_queued)

    celery.tasks[EXECUTE](*arguments, surprise=True)

    assert calls == [1]


@pytest.mark.parametrize(
    ("policy", "is_refused"),
    [("noeviction", False), ("volatile-lru", False), ("allkeys-lru", True)],
)
def test_a_broker_that_may_evict_its_queues_is_refused(
    broker_url: str, policy: str, *, is_refused: bool
) -> None:
    with redis.Redis.from_url(broker_url) as client:
        client.config_set("maxmemory", "1gb")
        client.config_set("maxmemory-policy", policy)
        try:
            if is_refused:
                with pytest.raises(Misconfigured, match="noeviction"):
                    check_broker(broker_url)
            else:
                check_broker(broker_url)
        finally:
            client.config_set("maxmemory", "0")
            client.config_set("maxmemory-policy", "noeviction")


def test_a_broker_that_does_not_answer_is_accepted() -> None:
    check_broker("redis://127.0.0.1:1/0")
