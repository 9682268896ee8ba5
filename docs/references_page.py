"""The page on reference models, from their cards."""

from pathlib import Path

from app.domain.diagnosis.standing import BaselineThresholds
from docs.tables import joined, table
from worker.references.card import MAX_FEATURES
from worker.references.readout import STRENGTHS, STRENGTHS_OF_SQUARES
from worker.references.registry import CARDS
from worker.references.samples import MAX_CHOOSING_SEQUENCES, MAX_ROWS, MIN_ROWS

LIMITS = BaselineThresholds()
PAGE = Path(__file__).with_name("references.md")

INTRO = """
# What a task allows: reference models

Generated from the code by `make docs`; a test compares them.

The attainable score of a generated task is known (`task.attainable`), and such a run has no
reference. For every other task a worker fits a few simple models before the first run trains. `GET
/v1/runs/{id}` has the best one as `reference`, with its scores on the rows of every split that the
network is scored on, by the same code, in the units of the data.
"""

HOW = f"""
All models are told what the network is told: the same windows or sequences, scaled by the training
part, with the same targets. Targets that were filled in are neither fitted nor scored. Outputs are
those of a network, so that every transformation of the target is undone by the code that undoes it
for networks. Models of a forecast are fitted twice: to the values, and to their change since the
last value.

Features are standardised by the training part. Squared errors have a closed form (ridge
regression), with penalties from {STRENGTHS_OF_SQUARES[0]:g} down to {STRENGTHS_OF_SQUARES[-1]:g}.
Cross entropy, `mae`, `huber`, `quantile` and `poisson` are minimised themselves, with a ridge
penalty from {STRENGTHS[0]:g} down to {STRENGTHS[-1]:g}: a few steps of L-BFGS on the principal axes
of the features, warm from one penalty to the next. So the absolute error is fitted by medians, not
by means.

Penalty and model are chosen on at most {MAX_CHOOSING_SEQUENCES} validation sequences. A forecast of
the change since the last value, and a nonlinear model, are taken only where they are better than
the simpler ones by more than 1.645 standard errors of the paired differences: the best of many is
also the luckiest. The test part is read once, after the choice.
Without a validation part the first model is taken, with a penalty of 0.01.

A model has at most {MAX_FEATURES} features. It is fitted to at most {MAX_ROWS:,} rows, chosen at
random, fewer where there are many features or outputs ({MIN_ROWS:,} at least); `reference.source`
says how many of how many. A set of 50,000 rows takes at most 2 s of
processor time; 0.3 s to 1.7 s were measured for five sets. Scoring grows with the rows that are
scored, as that of the network does. The result is stored under a hash of the
completed data set spec, which names the upload: other runs of the same spec read it.

A failure to fit models never fails a run: `reference` is null then, and `task.notes` says so.
"""

JUDGED = f"""
The score of a run lies on a scale from 0, the baseline, to 1, the expected score: the attainable
one or, where that is unknown, that of the reference on the same split. From
{LIMITS.expected_level:g} on the task is learned; a run that ends below is sick
(`loss_plateau`, `slow_convergence`, `overfitting`), and below {LIMITS.min_level:g} it is no better
than the baseline (`no_better_than_baseline`).

If the baseline is nearly the best model, as the last value of a random walk is, a run that equals
the reference up to {LIMITS.max_spread_gap:.0%} of the gap between it and a constant forecast has
learned the task; it is at risk where it is worse than the baseline. If no reference is better than
the baseline, there are two cases for a run that equals it. Where a nonlinear model is no better
either, and the residuals of the reference are white noise (Ljung and Box, 10 lags, 1 %), nothing
more is to be learned, and the run is not sick. Otherwise it is not assessed, and the verdict is
`undetermined` at best.
"""


def page() -> str:
    rows = (
        (
            f"`{card.name}`",
            card.formula,
            card.sees,
            "yes" if card.is_nonlinear else "",
            card.cost,
            card.source,
        )
        for card in CARDS
    )
    head = ("model", "formula", "what it can see", "nonlinear", "cost", "source")
    return joined(
        (
            INTRO,
            "## Models",
            table(head, rows),
            "## How they are fitted",
            HOW,
            "## What they decide",
            JUDGED,
        )
    )
