"""Metrics for Prometheus: requests of this process, queue and workers of the whole service."""

from collections.abc import Iterator, Mapping

from fastapi import APIRouter
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import REGISTRY, Collector
from starlette.responses import PlainTextResponse, Response

from app.api.protocol.deps import ArtifactWatch, Queue, Read, require
from app.api.protocol.documented import ALWAYS
from app.queue import RunQueue
from app.services.fleet.count_load import Load, count_load
from app.services.fleet.measure_artifacts import measure_artifacts

router = APIRouter(tags=["service"])


class _LoadCollector(Collector):
    """The service's load as gauges, read at each scrape."""

    def __init__(self, load: Load, queue: RunQueue, *, free_bytes: int | None) -> None:
        self._load = load
        self._queue = queue
        self._free_bytes = free_bytes

    def collect(self) -> Iterator[Metric]:
        yield _by_status("clinic_runs", "Runs by status.", self._load.runs)
        yield _by_status("clinic_preflights", "Preflights by status.", self._load.preflights)
        yield GaugeMetricFamily("clinic_workers", "Live workers.", value=self._load.workers)
        yield GaugeMetricFamily(
            "clinic_slots",
            "Runs that the workers can train at the same time.",
            value=self._load.slots,
        )
        yield GaugeMetricFamily(
            "clinic_runs_waiting_for_artifact_space",
            "Queued runs that wait for space in the artifact folder.",
            value=self._load.held_runs,
        )
        yield GaugeMetricFamily(
            "clinic_artifacts_writable",
            "1 when the artifact folder takes files, 0 when it is full, read-only or gone.",
            value=int(self._free_bytes is not None),
        )
        yield GaugeMetricFamily(
            "clinic_artifacts_free_bytes",
            "Bytes that can still be written to the artifact folder.",
            value=self._free_bytes or 0,
        )
        yield CounterMetricFamily(
            "clinic_malformed_messages",
            "Messages at the broker that were no notifications and that workers ignored.",
            value=self._load.malformed_messages,
        )
        notifications = CounterMetricFamily(
            "clinic_bells",
            "Notifications that this process sent to workers, by whether the broker accepted them.",
            labels=["fate"],
        )
        notifications.add_metric(["rung"], self._queue.num_sent)
        notifications.add_metric(["lost"], self._queue.num_failed)
        yield notifications


def _by_status(name: str, meaning: str, numbers: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(name, meaning, labels=["status"])
    for status, number in numbers.items():
        family.add_metric([status], number)
    return family


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses=ALWAYS,
    dependencies=[require("runs:read")],
    summary="Read metrics for Prometheus",
    response_description="All metrics in Prometheus' text format.",
)
def get_metrics(read: Read, queue: Queue, artifacts: ArtifactWatch) -> Response:
    """Text exposition format. Labels contain no ids, so that the number of series stays small."""
    registry = CollectorRegistry()
    load, free_bytes = read(count_load), measure_artifacts(artifacts)
    registry.register(_LoadCollector(load, queue, free_bytes=free_bytes))
    text = generate_latest(REGISTRY) + generate_latest(registry)
    return Response(text, media_type=CONTENT_TYPE_LATEST)
