"""All kinds of cautions, one module each. They do not import each other."""

from app.domain.cautions.card import CautionCard
from app.domain.cautions.kinds import (
    class_imbalance,
    constant_column,
    constant_stretches,
    descending_time,
    duplicate_rows,
    gaps,
    high_cardinality,
    id_like_column,
    integer_codes,
    irregular_steps,
    leakage,
    many_zeros,
    missing_values,
    outliers,
    ranges_differ,
    sentinels,
    ties,
    tiny_data,
)

#: In the order of a profile: times, then rows, then values, then what is predicted.
CAUTIONS: tuple[CautionCard, ...] = (
    ties.CARD,
    gaps.CARD,
    irregular_steps.CARD,
    descending_time.CARD,
    duplicate_rows.CARD,
    tiny_data.CARD,
    leakage.CARD,
    sentinels.CARD,
    missing_values.CARD,
    outliers.CARD,
    constant_column.CARD,
    constant_stretches.CARD,
    many_zeros.CARD,
    ranges_differ.CARD,
    class_imbalance.CARD,
    high_cardinality.CARD,
    id_like_column.CARD,
    integer_codes.CARD,
)
