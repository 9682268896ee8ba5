"""How a run shows that it returned to earlier states."""

from app.api.models.run import view_run
from app.domain.rollbacks import RollbackSummary
from tests.domain.builders import run


def test_a_run_shows_its_rollbacks_and_what_multiplies_its_learning_rate() -> None:
    summary = RollbackSummary(count=2, learning_rate_factor=0.05, last_step=70)

    view = view_run(run(rollbacks=summary), waiting_for=None)

    assert view.rollbacks is not None
    assert view.rollbacks.model_dump() == {
        "count": 2,
        "learning_rate_factor": 0.05,
        "last_step": 70,
    }


def test_a_run_without_rollbacks_says_so() -> None:
    assert view_run(run(), waiting_for=None).rollbacks is None
