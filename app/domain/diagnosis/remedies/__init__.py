"""All remedies, one module each. They do not import each other."""

from app.domain.diagnosis.remedies import (
    clip_norm,
    lengthen_bptt,
    lower_learning_rate,
    orthogonal_recurrent_init,
    raise_forget_bias,
    raise_learning_rate,
    scale_recurrent_init,
    shorten_bptt,
    train_longer,
    use_gated_cell,
    use_identity_relu,
    use_lstm_with_forget_bias,
)
from app.domain.diagnosis.remedy import RemedyCard

#: In the order of advice.
REMEDIES: tuple[RemedyCard, ...] = (
    lengthen_bptt.CARD,
    use_gated_cell.CARD,
    raise_forget_bias.CARD,
    use_lstm_with_forget_bias.CARD,
    scale_recurrent_init.CARD,
    orthogonal_recurrent_init.CARD,
    use_identity_relu.CARD,
    clip_norm.CARD,
    lower_learning_rate.CARD,
    shorten_bptt.CARD,
    raise_learning_rate.CARD,
    train_longer.CARD,
)
