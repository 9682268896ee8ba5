"""The signs of a case: numbers that tell its causes apart, without dimension where possible.

None of them is a value of the job spec, because an unusual value is often harmless: what counts is
what the run shows. A number that was not measured is NaN.
"""

from collections.abc import Mapping

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.ranking.answers import answer_signs, data_signs, error_signs
from app.domain.diagnosis.ranking.learning import loss_signs, reference_signs, score_signs
from app.domain.diagnosis.ranking.measured import limited
from app.domain.diagnosis.ranking.memory import reach_signs, recurrence_signs, unit_signs
from app.domain.diagnosis.ranking.steps import penalty_signs, probe_signs, step_signs


def signs(case: Case) -> Mapping[str, float]:
    """Returns every sign by its name."""
    found = {
        **score_signs(case),
        **reference_signs(case),
        **loss_signs(case),
        **step_signs(case),
        **probe_signs(case),
        **penalty_signs(case),
        **reach_signs(case),
        **unit_signs(case),
        **recurrence_signs(case),
        **answer_signs(case),
        **error_signs(case),
        **data_signs(case.task),
    }
    return {**found, **_joint(found)}


def _joint(found: Mapping[str, float]) -> Mapping[str, float]:
    """Returns signs that only tell something together."""
    learned = limited(found["train_progress"], 0.0, 1.0)
    return {
        # a loss that is learned away lies in few examples, whatever the data
        "few_left": found["loss_of_few_last"] * (1 - learned),
        "by_heart": learned * limited(found["gap_of_splits"], 0.0, 1.0),
        "behind_reference": limited(
            found["reference_validation"] - found["validation_best"], -1.0, 1.0
        ),
        "best_above_floor": limited(found["validation_best"], 0.0, 1.0),
    }
