"""What the demo prints of a run's score."""

from io import StringIO

import pytest
from rich.console import Console

from app.demo.client import DiagnosisView, Progress, RunView, Score
from app.demo.orders import Order
from app.demo.report import tell


@pytest.mark.parametrize(
    ("best", "line"),
    [
        (Score(metric="mse", value=0.1), "best validation mse 0.1; naive gives 974.3"),
        (Score(metric="mse_scaled", value=0.1), "last validation mse 356; naive gives 974.3"),
    ],
)
def test_a_score_stands_beside_a_baseline_in_the_same_units(best: Score, line: str) -> None:
    run = RunView(
        id="r",
        status="succeeded",
        stop_reason="completed",
        error=None,
        progress=Progress(step=1, num_steps=1),
        best=best,
        baseline=Score(name="naive", metric="mse", value=974.3),
        metrics={"validation": {"mse": 356.0, "mse_scaled": 0.12}},
    )
    diagnosis = DiagnosisView.model_validate(
        {"verdict": "healthy", "summary": "Healthy.", "findings": [], "not_assessed": []}
    )
    printed = StringIO()

    tell(Console(file=printed, width=120), Order(title="LSTM", body={}), run, diagnosis)

    assert line in printed.getvalue()
