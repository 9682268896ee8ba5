"""Figures for Prometheus: requests of this process, queue and workers of the whole service."""

from collections.abc import Iterator

from fastapi import APIRouter
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import REGISTRY, Collector
from starlette.responses import PlainTextResponse, Response

from app.api.deps import Work, require
from app.api.problems import ALWAYS
from app.services.count_load import Load, count_load

router = APIRouter(tags=["service"])


class _LoadCollector(Collector):
    """The service's load as gauges, taken when it is asked for."""

    def __init__(self, load: Load) -> None:
        self._load = load

    def collect(self) -> Iterator[GaugeMetricFamily]:
        runs = GaugeMetricFamily("clinic_runs", "Runs by status.", labels=["status"])
        for status, number in self._load.runs.items():
            runs.add_metric([status], number)
        yield runs
        yield GaugeMetricFamily("clinic_workers", "Live workers.", value=self._load.workers)
        yield GaugeMetricFamily("clinic_slots", "Runs they can train.", value=self._load.slots)


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses=ALWAYS,
    dependencies=[require("runs:read")],
    summary="Figures for Prometheus",
)
def get_metrics(work: Work) -> Response:
    """Text exposition format. Labels never carry ids, so that their number stays small."""
    registry = CollectorRegistry()
    registry.register(_LoadCollector(count_load(work)))
    text = generate_latest(REGISTRY) + generate_latest(registry)
    return Response(text, media_type=CONTENT_TYPE_LATEST)
