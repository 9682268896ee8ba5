"""All kinds of remedies in one literal table; the order is the order of advice."""

from collections.abc import Sequence

from app.domain.remedies import cells, training, weights
from app.domain.remedies.remedy import RemedyRule
from app.domain.symptoms import CauseCode, FindingCode

_VANISHING = FindingCode.VANISHING_GRADIENT
_EXPLODING = FindingCode.EXPLODING_GRADIENT
_NON_FINITE = FindingCode.NON_FINITE
_MASKED = FindingCode.CLIPPING_MASKS_EXPLOSION
_NO_BETTER = FindingCode.NO_BETTER_THAN_BASELINE
_TOO_LARGE = frozenset({_EXPLODING, _NON_FINITE, _MASKED})
_ANY: frozenset[CauseCode | None] = frozenset({None, *CauseCode} - {CauseCode.NON_FINITE_INPUT})
_SHORT: frozenset[CauseCode | None] = frozenset(
    {
        CauseCode.CONTRACTIVE_RECURRENCE,
        CauseCode.SATURATED_CELL,
        CauseCode.CLOSED_FORGET_GATE,
        CauseCode.OPEN_UPDATE_GATE,
        CauseCode.SHORT_REACH,
    }
)
#: Causes that lie in the recurrent matrix, or may.
_MATRIX = _SHORT | {None, CauseCode.EXPANSIVE_RECURRENCE}

REMEDIES: Sequence[RemedyRule] = (
    RemedyRule(
        kind="lengthen_bptt",
        summary="Let the gradient flow back through the whole sequence.",
        source="Williams & Peng 1990; contributions beyond the truncation are exactly 0",
        codes=frozenset({_VANISHING}),
        causes=frozenset({CauseCode.TRUNCATED_BACKPROPAGATION}),
        draw=training.lengthen_bptt,
    ),
    RemedyRule(
        kind="use_gated_cell",
        summary="Replace a simple recurrent cell by a gated one.",
        source="Cho et al. 2014; Hochreiter & Schmidhuber 1997",
        codes=frozenset({_VANISHING, _NO_BETTER}),
        causes=_SHORT,
        draw=cells.use_gated_cell,
    ),
    RemedyRule(
        kind="raise_forget_bias",
        summary="Start an LSTM's forget gates open for as long as the task needs.",
        source="Jozefowicz et al. 2015; Tallec & Ollivier 2018",
        codes=frozenset({_VANISHING, _NO_BETTER}),
        causes=_SHORT,
        draw=cells.raise_forget_bias,
    ),
    RemedyRule(
        kind="use_lstm_with_forget_bias",
        summary="Use an LSTM whose forget gates start open.",
        source="Gers et al. 2000; Tallec & Ollivier 2018",
        codes=frozenset({_VANISHING, _NO_BETTER}),
        causes=_SHORT,
        draw=cells.use_lstm_with_forget_bias,
    ),
    RemedyRule(
        kind="scale_recurrent_init",
        summary="Start the recurrent matrix with spectral radius 1.",
        source="Pascanu et al. 2013",
        codes=frozenset({_VANISHING, _NO_BETTER}) | _TOO_LARGE,
        causes=_MATRIX,
        draw=weights.scale_recurrent_init,
    ),
    RemedyRule(
        kind="orthogonal_recurrent_init",
        summary="Start with an orthogonal recurrent matrix.",
        source="Saxe et al. 2014; Henaff et al. 2016",
        codes=frozenset({_VANISHING, _NO_BETTER}) | _TOO_LARGE,
        causes=_MATRIX,
        draw=weights.orthogonal_recurrent_init,
    ),
    RemedyRule(
        kind="use_identity_relu",
        summary="Use ReLU units with the identity as recurrent matrix.",
        source="Le et al. 2015",
        codes=frozenset({_VANISHING}),
        causes=_SHORT,
        draw=cells.use_identity_relu,
    ),
    RemedyRule(
        kind="clip_norm",
        summary="Rescale the gradient to at most a usual norm.",
        source="Pascanu et al. 2013, algorithm 1",
        codes=_TOO_LARGE,
        causes=_ANY,
        draw=training.clip_norm,
    ),
    RemedyRule(
        kind="lower_learning_rate",
        summary="Take smaller steps.",
        source="Bengio 2012, practical recommendations",
        codes=frozenset({_EXPLODING, _NON_FINITE, _NO_BETTER}),
        causes=frozenset({CauseCode.LEARNING_RATE_TOO_HIGH, CauseCode.EXPANSIVE_RECURRENCE}),
        draw=training.lower_learning_rate,
    ),
    RemedyRule(
        kind="shorten_bptt",
        summary="Cut the gradient after as many timesteps as the task needs.",
        source="Williams & Peng 1990",
        codes=_TOO_LARGE,
        causes=frozenset({CauseCode.EXPANSIVE_RECURRENCE}),
        draw=training.shorten_bptt,
    ),
    RemedyRule(
        kind="raise_learning_rate",
        summary="Take larger steps.",
        source="Bengio 2012, practical recommendations",
        codes=frozenset({_NO_BETTER}),
        causes=frozenset({CauseCode.LEARNING_RATE_TOO_LOW}),
        draw=training.raise_learning_rate,
    ),
    RemedyRule(
        kind="train_longer",
        summary="Train for more steps.",
        source="measured on the adding problem: the reach grows before the loss falls",
        codes=frozenset({_VANISHING, _NO_BETTER}),
        causes=_SHORT | {None, CauseCode.REACH_STILL_GROWING},
        draw=training.train_longer,
    ),
)
