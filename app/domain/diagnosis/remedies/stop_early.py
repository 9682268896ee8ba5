"""Stop at the step with the best validation score."""

from app.domain.diagnosis.prose import percent
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.job import JobSpec

#: A best step after this share of the steps gives nothing to gain.
MAX_SHARE = 0.9


def draw(ailment: Ailment, spec: JobSpec) -> Draft | None:
    best, present = ailment.best_step, spec.training.num_steps
    if best is None or not 1 <= best <= MAX_SHARE * present:
        return None
    return Draft(
        patch={"training": {"num_steps": best}},
        reason=(
            f"The validation score was best at step {best:,}; what was learned in the steps "
            "after it holds for the training part alone. The artifact `best` has the weights "
            f"of that step.{_at_best(ailment.best_gain)}"
        ),
    )


def _at_best(gain: float | None) -> str:
    """Returns a sentence on what stopping can reach, with a space before it; empty if unknown."""
    if gain is None:
        return ""
    if gain <= 0:
        return " Even there it was no better than the baseline, so that stopping alone is no cure."
    return (
        f" At best it reaches the score of that step again, {percent(gain)} better than the "
        "baseline. A better one needs more examples, or labels with less noise."
    )


CARD = RemedyCard(
    kind="stop_early",
    summary="Stop at the step with the best validation score.",
    source="Prechelt 1998",
    changes=("training.num_steps",),
    cannot_act="The validation score was best near the end, or was never measured.",
    causes=frozenset({"overfitting", "too_few_data"}),
    draw=draw,
    is_specific=True,
    joins_others=False,
)
