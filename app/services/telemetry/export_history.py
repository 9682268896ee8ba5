"""Read all readings of series a page at a time, so that the memory does not grow with the run."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.readings import SeriesName
from app.domain.series import Series
from app.services.telemetry.plan_history import HistoryPart, HistoryPlan, is_of_every_step
from app.services.telemetry.whole_series import read_series_of_part
from app.store.chunks import PAGE_STEPS
from app.store.database import UnitOfWork


@dataclass(frozen=True, kw_only=True)
class ExportPage:
    """Consecutive readings of one series of one run, not read yet."""

    part: HistoryPart
    name: SeriesName

    def read(self, work: UnitOfWork) -> Series:
        (series,) = read_series_of_part(work.session, self.part, [self.name], with_times=True)
        return series


def export_pages(plan: HistoryPlan) -> Iterator[ExportPage]:
    """Yields the pages in the order of series, runs and steps."""
    for name in plan.names:
        for part in plan.parts:
            if not is_of_every_step(name):
                yield ExportPage(part=part, name=name)
            elif part.recorded is not None:
                yield from _pages(part, name, *part.recorded)


def _pages(part: HistoryPart, name: SeriesName, first: int, last: int) -> Iterator[ExportPage]:
    for start in range(first, last + 1, PAGE_STEPS):
        end = min(start + PAGE_STEPS - 1, last)
        yield ExportPage(part=part.between(start, end), name=name)
