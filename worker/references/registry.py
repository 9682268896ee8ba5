"""All reference models."""

from worker.references.card import FeatureCard, ReferenceCard
from worker.references.members import lags, ngrams, reservoir, statistics

#: Fitted to sequences of numbers. Where there is no validation part, the first one is taken.
FEATURE_CARDS: tuple[FeatureCard, ...] = (lags.CARD, statistics.CARD, reservoir.CARD)
CARDS: tuple[ReferenceCard, ...] = (*FEATURE_CARDS, ngrams.CARD)
