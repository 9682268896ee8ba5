"""Make the optimizer's eps smaller than its gradients."""

from app.domain.diagnosis.prose import short
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.job import JobSpec
from app.domain.specs.optimizer.sgd import SgdSpec

#: Up to this sqrt(v) / eps the eps shortens the steps.
MAX_RATIO = 10.0
#: Without a measurement, a larger eps than this is taken to be at fault.
MAX_EPS = 1e-4
USUAL_EPS = 1e-8


def draw(ailment: Ailment, spec: JobSpec) -> Draft | None:
    optimizer, ratio = spec.optimizer, ailment.second_moment_over_eps
    if isinstance(optimizer, SgdSpec) or optimizer.eps <= USUAL_EPS:
        return None
    is_large = optimizer.eps > MAX_EPS if ratio is None else ratio <= MAX_RATIO
    if not is_large:
        return None
    measured = "" if ratio is None else f" of {short(ratio)} times it"
    return Draft(
        patch={"optimizer": {"eps": USUAL_EPS}},
        reason=(
            f"An eps of {short(optimizer.eps)} is added to gradients{measured}, which shortens the "
            f"steps; with {short(USUAL_EPS)} their length does not depend on the gradient's."
        ),
    )


CARD = RemedyCard(
    kind="use_small_eps",
    summary="Make the optimizer's eps smaller than its gradients.",
    source="Kingma & Ba 2015, section 2",
    changes=("optimizer.eps",),
    cannot_act=(
        f"The optimizer has no eps above {short(USUAL_EPS)}, or its gradients are more than "
        f"{short(MAX_RATIO)} times as large."
    ),
    causes=frozenset({"learning_rate_too_low"}),
    draw=draw,
    is_specific=True,
)
