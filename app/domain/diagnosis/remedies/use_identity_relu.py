"""Use ReLU units with nearly the identity as recurrent matrix."""

from math import exp

from app.domain.diagnosis.prose import counted, percent
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.init.identity import Identity
from app.domain.specs.job import JobSpec
from app.domain.specs.model.elman import ElmanSpec

#: An active unit passes exp(-DECAY) of the gradient, 0.7 %, back over the lag. On adding with 200
#: timesteps 3 of 12 networks diverged with a DECAY of 3, and none of 12 with 5; all others learned.
DECAY = 5.0
#: Bounds of the gain for short and for very long lags, and the decimals that it is rounded to.
MIN_GAIN, MAX_GAIN, DECIMALS = 0.95, 0.999, 3


def gain_for(lag: int) -> float:
    """Returns g with g^lag = exp(-DECAY), so that 1/(1-g) is a fifth of the lag; 0.95 to 0.999.

    With a gain of 1 the units add up their inputs over the whole sequence without a bound, and
    training often diverges (Talathi & Vartak 2015).
    """
    return round(min(MAX_GAIN, max(MIN_GAIN, exp(-DECAY / lag))), DECIMALS)


def draw(ailment: Ailment, spec: JobSpec) -> Draft | None:
    model, recurrent = spec.model, spec.init.recurrent
    if not isinstance(model, ElmanSpec):
        return None
    lag = ailment.assumed_lag
    gain = gain_for(lag)
    is_identity = isinstance(recurrent, Identity) and recurrent.gain >= gain
    if model.activation == "relu" and is_identity:
        return None
    return Draft(
        patch={
            "model": {"activation": "relu"},
            "init": {"recurrent": {"kind": "identity", "gain": gain}},
        },
        reason=(
            f"With ReLU and {gain} times the identity as recurrent matrix, an active unit passes "
            f"{percent(gain**lag)} of the gradient back over {counted(lag, 'timestep')} at the "
            f"start, and adds up its inputs over about {round(1 / (1 - gain))} "
            "timesteps. With the identity itself nothing limits this sum, and training often "
            "diverges."
        ),
    )


CARD = RemedyCard(
    kind="use_identity_relu",
    summary="Use ReLU units with nearly the identity as recurrent matrix.",
    source="Le et al. 2015; Talathi & Vartak 2015",
    changes=("model.activation", "init.recurrent"),
    cannot_act=(
        "The cell has gates, or the network already has these units and at least this gain."
    ),
    causes=frozenset({"contractive_recurrence"}),
    draw=draw,
)
