"""What the demo prints: live progress, then each run's diagnosis in a few lines."""

import json
import time
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from app.demo.client import ClinicClient, DiagnosisView, FindingView, RunView
from app.demo.orders import Order

_POLL_S = 0.5
_COLOURS = {"sick": "red", "at_risk": "yellow", "healthy": "green", "undetermined": "cyan"}
_REMEDIES_SHOWN = 2


def watch(
    console: Console, client: ClinicClient, runs: Sequence[tuple[Order, str]]
) -> dict[str, RunView]:
    """Show progress until every run has ended."""
    ended: dict[str, RunView] = {}
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[status]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        tasks = {
            run_id: progress.add_task(str(order.body["name"]), status="queued", total=None)
            for order, run_id in runs
        }
        while len(ended) < len(tasks):
            for run_id, task in tasks.items():
                if run_id in ended:
                    continue
                run = client.run(run_id)
                steps = run.progress
                progress.update(
                    task, completed=steps.step, total=steps.num_steps, status=run.status
                )
                if run.has_ended:
                    progress.stop_task(task)
                    ended[run_id] = run
            time.sleep(_POLL_S)
    return ended


def tell(console: Console, order: Order, run: RunView, diagnosis: DiagnosisView) -> None:
    """Print one run's verdict, why, and what to change."""
    console.rule(escape(order.title), align="left")
    colour = _COLOURS.get(diagnosis.verdict, "white")
    console.print(
        f"[bold {colour}]{diagnosis.verdict}[/]  {run.status} ({run.stop_reason})"
        f" after {run.progress.step} steps  [dim]{run.id}[/]",
        highlight=False,
    )
    if run.error:
        console.print(f"  error: {escape(run.error)}")
    console.print(f"  {escape(diagnosis.summary)}", highlight=False)
    _tell_score(console, run)
    for finding in diagnosis.findings:
        _tell_finding(console, finding)
    for gap in diagnosis.not_assessed:
        console.print(f"  [dim]not assessed: {gap.code}: {escape(gap.reason)}[/]", highlight=False)


def _tell_score(console: Console, run: RunView) -> None:
    if run.best is None or run.baseline is None or run.best.value is None:
        return
    console.print(
        f"  best validation {run.best.metric} {run.best.value:.4g},"
        f" baseline ({run.baseline.name}) {run.baseline.value:.4g}",
        highlight=False,
    )


def _tell_finding(console: Console, finding: FindingView) -> None:
    console.print(
        f"  [bold]{finding.code}[/] ({finding.state}, {finding.severity},"
        f" impact {finding.impact}): {escape(finding.explanation)}",
        highlight=False,
    )
    if finding.cause is not None:
        numbers = json.dumps(finding.cause.evidence)
        console.print(f"    cause: {finding.cause.code} {escape(numbers)}", highlight=False)
    for remedy in finding.remedies[:_REMEDIES_SHOWN]:
        patch = json.dumps(remedy.patch)
        console.print(
            f"    remedy: {remedy.kind}: {escape(remedy.reason)}\n      patch {escape(patch)}",
            highlight=False,
        )
