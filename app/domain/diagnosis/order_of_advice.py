"""The order in which remedies are advised: by their cures, and by their costs where these equal."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from app.domain.diagnosis.record import Records, share_of_cures
from app.domain.diagnosis.records import RECORDS
from app.domain.diagnosis.remedies import REMEDIES
from app.domain.diagnosis.remedy import RemedyCard

#: Share of the ranking from which on the advice acts on a cause before all others.
MIN_PROBABILITY_NAMED = 0.5
#: Assumed share of cures of a remedy that was not tried for a cause; larger for one that undoes the
#: very thing that the run shows.
UNTRIED, UNTRIED_SPECIFIC = 0.2, 0.6
#: Remedies cure about as often if the expected cures of each are at least this share of those of
#: the best. Of them the cheaper comes first.
ABOUT_EQUAL = 0.85
#: A remedied run that takes at most this many times the time of the run costs the same.
SAME_COST = 1.2
_NO_COSTS: Mapping[str, float] = MappingProxyType({})


def in_order_of_advice(
    likely: Mapping[str, float],
    *,
    records: Records = RECORDS,
    costs: Mapping[str, float] = _NO_COSTS,
) -> list[RemedyCard]:
    """Returns the remedies for causes of these probabilities, those with the most cures first.

    Those for a cause with most of the ranking come before all others: advice that does not act
    on what a diagnosis names cannot be followed. `costs` are the times that the remedied runs take
    by the kinds of remedies, in times that of the run; where one is unknown it counts as the same.
    """
    named = {code for code, probability in likely.items() if probability >= MIN_PROBABILITY_NAMED}
    cards = [card for card in REMEDIES if not card.causes.isdisjoint(likely)]
    first = [card for card in cards if not named.isdisjoint(card.causes)]
    cures = {card.kind: _expected_cures(card, likely, records) for card in cards}
    return [
        card
        for group in (first, [card for card in cards if card not in first])
        for card in _cheaper_first(group, cures, costs)
    ]


def _cheaper_first(
    cards: Sequence[RemedyCard], cures: Mapping[str, float], costs: Mapping[str, float]
) -> Iterator[RemedyCard]:
    """Yields those with the most cures first and, of those that cure about as often, the cheaper.

    About as often as the best of those that are left; then again for what remains.
    """
    left = sorted(cards, key=lambda card: -cures[card.kind])
    while left:
        least = ABOUT_EQUAL * cures[left[0].kind]
        alike = [card for card in left if cures[card.kind] >= least]
        yield from sorted(alike, key=lambda card: max(SAME_COST, costs.get(card.kind, 1.0)))
        left = left[len(alike) :]


def _expected_cures(card: RemedyCard, likely: Mapping[str, float], records: Records) -> float:
    """Returns how probable a cure is at least, over the likely causes."""
    untried = UNTRIED_SPECIFIC if card.is_specific else UNTRIED
    return sum(
        probability * share_of_cures(records, cause=code, remedy=card.kind, untried=untried)
        for code, probability in likely.items()
        if code in card.causes
    )
