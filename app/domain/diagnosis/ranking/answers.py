"""Signs of what the network answers, and of how its errors are spread."""

import math
from collections.abc import Mapping

import numpy as np

from app.domain.data_facts import LongerContext
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.ranking.measured import (
    ends,
    largest,
    last,
    limited,
    log_ratio,
    probed,
)
from app.domain.scopes import ScopeKind
from app.domain.task import TaskFacts

SPLITS = (ScopeKind.SPLIT,)
#: More nats of gain tell no more.
MOST_GAIN = 1.0
#: A gain by chance of fewer nats counts as this many.
LEAST_CHANCE = 1e-3


def answer_signs(case: Case) -> Mapping[str, float]:
    """Returns the spread of predictions, the share of the commonest class, and the loss of few."""
    predicted, target = (
        last(probed(case, name)) for name in ("predicted_class_share", "target_class_share")
    )
    return {
        **ends("prediction_spread", probed(case, "prediction_spread").clip(0, 5)),
        **ends("loss_of_few", probed(case, "loss_share_of_few")),
        "collapse": predicted - target,
        "predicted_share": predicted,
        "target_share": target,
        "least_recall": last(probed(case, "least_recall")),
    }


def error_signs(case: Case) -> Mapping[str, float]:
    """Returns ln(root mean square / mean absolute error) by split: large where few errors are."""
    tails = {
        split: log_ratio(
            last(probed(case, "rmse", kinds=SPLITS, name=split)),
            last(probed(case, "mae", kinds=SPLITS, name=split)),
        )
        for split in ("train", "validation")
    }
    return {f"{split}_error_tail": tail for split, tail in tails.items()} | {
        "error_tail_gap": tails["validation"] - tails["train"],
    }


def data_signs(task: TaskFacts | None) -> Mapping[str, float]:
    """Returns what the data alone show: the lag, what lies before the window, the later rows."""
    if task is None:
        return dict.fromkeys(_OF_DATA, math.nan)
    lag, longer = task.required_lag.timesteps, task.longer_context
    columns = [one.largest for one in (task.shift or {}).values()]
    shifts = [one for one in columns if one is not None]
    return dict(
        zip(
            _OF_DATA,
            (
                math.nan if lag is None else lag / max(1, task.length - 1),
                0.0 if longer is None else limited(longer.gain, 0.0, MOST_GAIN),
                0.0 if longer is None else _over_chance(longer),
                largest(np.array([0.0, *(one.outside_share for one in shifts)])),
                largest(np.array([0.0, *(one.outside_distance for one in shifts)])),
                largest(np.array([0.0, *(abs(one.level_move) for one in shifts)])),
            ),
            strict=True,
        )
    )


def _over_chance(longer: LongerContext) -> float:
    """Returns ln(1 + gain / the gain by chance); 0 without a gain."""
    return math.log1p(max(0.0, longer.gain) / max(longer.chance, LEAST_CHANCE))


_OF_DATA = (
    "lag_share",
    "gain_of_longer",
    "gain_of_longer_over_chance",
    "outside_share",
    "outside_distance",
    "level_move",
)
