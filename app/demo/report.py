"""What the demo prints: live progress, then each run's diagnosis in a few lines."""

import json
import time
from collections.abc import Iterable, Iterator, Sequence

from pydantic import JsonValue
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from app.demo.client import ClinicClient, DiagnosisView, FindingView, RunView, Score
from app.demo.orders import Order

_POLL_S = 0.5
_COLOURS = {"sick": "red", "at_risk": "yellow", "healthy": "green", "undetermined": "cyan"}
_REMEDIES_SHOWN = 2
_LABEL_WIDTH = 12
#: Where no bar can be redrawn, a line of progress comes this often.
_PLAIN_EVERY_S = 10.0


def watch(
    console: Console, client: ClinicClient, runs: Sequence[tuple[Order, str]]
) -> dict[str, RunView]:
    """Show progress until every run has ended."""
    seen = {run_id: client.run(run_id) for _, run_id in runs}
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[status]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        tasks = {
            run_id: progress.add_task(str(order.body["name"]), status="queued", total=None)
            for order, run_id in runs
        }
        told_at = time.monotonic()
        while not all(run.has_ended for run in seen.values()):
            time.sleep(_POLL_S)
            for run_id in [run_id for run_id, run in seen.items() if not run.has_ended]:
                seen[run_id] = run = client.run(run_id)
                steps = run.progress
                progress.update(
                    tasks[run_id], completed=steps.step, total=steps.num_steps, status=run.status
                )
                if run.has_ended:
                    progress.stop_task(tasks[run_id])
            if not console.is_terminal and time.monotonic() - told_at > _PLAIN_EVERY_S:
                told_at = time.monotonic()
                console.print(_plain_progress(seen.values()), highlight=False)
    return seen


def _plain_progress(runs: Iterable[RunView]) -> str:
    return "  ".join(f"{run.status} {run.progress.step}/{run.progress.num_steps}" for run in runs)


def tell(console: Console, order: Order, run: RunView, diagnosis: DiagnosisView) -> None:
    """Print one run's verdict, why, and what to change."""
    colour = _COLOURS.get(diagnosis.verdict, "white")
    console.print()
    console.print(f"[bold]{escape(order.title)}[/]", highlight=False)
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right", min_width=_LABEL_WIDTH, style="dim")
    grid.add_column(ratio=1)
    for label, text in _lines(run, diagnosis):
        grid.add_row(label, Text(text, style=f"bold {colour}" if label == "verdict" else ""))
    console.print(grid)


def _lines(run: RunView, diagnosis: DiagnosisView) -> Iterator[tuple[str, str]]:
    yield "verdict", diagnosis.summary
    yield "run", f"{run.status} ({run.stop_reason}) after {run.progress.step} steps, {run.id}"
    if run.error:
        yield "error", run.error
    if run.best is not None and run.baseline is not None:
        yield from _score_lines(run, run.best, run.baseline)
    for finding in diagnosis.findings:
        yield from _finding_lines(finding, is_first=finding is diagnosis.findings[0])
    for gap in diagnosis.not_assessed:
        yield "not assessed", f"{gap.code}: {gap.reason}"


def _score_lines(run: RunView, best: Score, baseline: Score) -> Iterator[tuple[str, str]]:
    """The baseline is in the units of the data; the best score may be in scaled ones."""
    if best.metric == baseline.metric:
        name, value = f"best validation {best.metric}", best.value
    else:
        name = f"last validation {baseline.metric}"
        value = (run.metrics.get("validation") or {}).get(baseline.metric)
    if value is not None and baseline.value is not None:
        yield "score", f"{name} {value:.4g}; {baseline.name} gives {baseline.value:.4g}"


def _finding_lines(finding: FindingView, *, is_first: bool) -> Iterator[tuple[str, str]]:
    """The first finding in full; of the others what they say, as their remedies are mostly his."""
    yield (
        "why" if is_first else "and",
        (f"{finding.code} ({finding.state}, {finding.severity}): {finding.explanation}"),
    )
    if not is_first:
        return
    if finding.cause is not None:
        numbers = ", ".join(_rounded(*number) for number in finding.cause.evidence.items())
        cause = f"{finding.cause.code}, {finding.cause.probability:.0%} likely"
        yield "cause", f"{cause} ({numbers})" if numbers else cause
    for remedy in finding.remedies[:_REMEDIES_SHOWN]:
        yield "remedy", f"{remedy.kind}: {remedy.reason}"
        yield "", f"patch {json.dumps(remedy.patch)}"


def _rounded(name: str, value: JsonValue) -> str:
    return f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
