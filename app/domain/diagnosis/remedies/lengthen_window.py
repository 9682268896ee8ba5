"""Show the network as much of the past as improves held-out predictions."""

from app.domain.diagnosis.prose import counted
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.dataset.base import MAX_LENGTH
from app.domain.specs.dataset.forecast import ForecastSpec
from app.domain.specs.dataset.text import TextSpec
from app.domain.specs.job import JobSpec

#: Without a measurement.
FACTOR = 3


def draw(ailment: Ailment, spec: JobSpec) -> Draft | None:
    """Advises the end of the gain of context; for a declared season two of it."""
    dataset = spec.dataset
    if isinstance(dataset, ForecastSpec):
        field, present = "window", dataset.window
        season = dataset.season or 0
    elif isinstance(dataset, TextSpec):
        field, present, season = "length", dataset.length, 0
    else:
        return None
    useful = ailment.useful_context
    wanted = useful or (2 * season if 2 * season > present else FACTOR * present)
    longer = min(MAX_LENGTH, wanted)
    if longer <= present:
        return None
    why = (
        f"held-out predictions improve with up to {counted(useful, 'timestep')} of context"
        if useful
        else "what predicts the target lies further back"
    )
    return Draft(
        patch={"dataset": {field: longer}},
        reason=f"The network sees {counted(present, 'timestep')}, and {why}. Show it {longer}.",
    )


CARD = RemedyCard(
    kind="lengthen_window",
    summary="Show the network as much of the past as improves held-out predictions.",
    source="measured: held-out gain of context of a reference model",
    changes=("dataset.window", "dataset.length"),
    cannot_act="The data has no window, or no more context improves predictions.",
    causes=frozenset({"window_too_short"}),
    draw=draw,
    is_specific=True,
)
