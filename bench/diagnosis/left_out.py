"""Rankings of causes by models that did not see what they judge.

The coefficients that are shipped are fitted to all runs, so that scores of the shipped ranking on
the same runs would be too good.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from app.domain.diagnosis.confidence.chances import CHANCES
from app.domain.diagnosis.findings import RankedCause
from app.domain.diagnosis.ranking.model import CODES
from bench.diagnosis.example import Example
from bench.diagnosis.fit import calibrated, causes_of, held_out, is_right, rank_example
from bench.diagnosis.fitting import fitted
from bench.diagnosis.judge import JudgedRun
from bench.diagnosis.leaves import FAMILIES, twins_of
from bench.diagnosis.opinions import SHARES, Opinion, Opinions
from bench.diagnosis.scoring import MOST_CAUSES

#: Share of the runs, those of the largest probabilities, whose precision is shown.
SUREST = 0.6


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The causes that a model names for a run that it did not see."""

    example: Example
    #: The likeliest of the likeliest family, then all others, the likeliest first.
    causes: tuple[RankedCause, ...]

    @property
    def share(self) -> float:
        """Of the first cause in the ranking, with that of its twin, which counts as the same."""
        twins = twins_of(self.causes[0].code)
        return sum(one.probability for one in self.causes if one.code in twins)

    @property
    def probability(self) -> float:
        """That the first cause is right."""
        return CHANCES.causes.chance(self.share)

    @property
    def is_family_right(self) -> bool:
        families = {FAMILIES[leaf] for leaf in self.example.leaves}
        return FAMILIES[self.causes[0].code] in families

    @property
    def is_leaf_right(self) -> bool:
        return is_right(self.causes[0], self.example)

    @property
    def is_among_three(self) -> bool:
        return any(is_right(one, self.example) for one in self.causes[:MOST_CAUSES])


def answer(example: Example, ranked: Sequence[RankedCause]) -> Answer:
    """Orders a ranking as the diagnosis does: families first."""
    causes = causes_of(ranked)
    families: dict[str, float] = {}
    for one in causes:
        family = FAMILIES[one.code]
        families[family] = families.get(family, 0.0) + one.probability
    likeliest = max(families, key=lambda family: families[family])
    lead = next(one for one in causes if FAMILIES[one.code] == likeliest)
    return Answer(example=example, causes=(lead, *(one for one in causes if one.code != lead.code)))


def without_family(examples: Sequence[Example], *, is_job_hidden: bool = False) -> list[Answer]:
    """Answers for each run at its end by models that saw no run of its family of tasks.

    With a hidden job every cause counts as possible.
    """
    held = held_out(examples)
    answers = []
    for family, model in held.items():
        others = [one for one in examples if one.family != family]
        honest = calibrated(model, others, {name: held[name] for name in held if name != family})
        for one in examples:
            if one.family == family and one.share == SHARES[-1]:
                seen = replace(one, possible=CODES) if is_job_hidden else one
                answers.append(answer(one, rank_example(honest, seen)))
    return answers


def without_kind(
    examples: Sequence[Example], kinds_of: Callable[[Example], frozenset[str]]
) -> list[Answer]:
    """Answers for each run at its end by models that saw no run with its kind of fault."""
    answers = []
    for kind in sorted({kind for one in examples for kind in kinds_of(one)}):
        model = fitted([one for one in examples if kind not in kinds_of(one)])
        own = [one for one in examples if kind in kinds_of(one) and one.share == SHARES[-1]]
        answers += [answer(one, rank_example(model, one)) for one in own]
    return answers


def with_answers(runs: Sequence[JudgedRun], answers: Sequence[Answer]) -> list[JudgedRun]:
    """Puts these causes in place of those that the first judge named at the end, if it did."""
    by_key = {one.example.key: one for one in answers}
    return [_with_answer(run, by_key) for run in runs]


def _with_answer(run: JudgedRun, answers: Mapping[str, Answer]) -> JudgedRun:
    name, said = next(iter(run.opinions.items()))
    given = answers.get(run.graded.key)
    if given is None or not said.last.causes:
        return run
    last = _changed(said.last, given)
    opinions = Opinions(by_share={**said.by_share, SHARES[-1]: last})
    return replace(run, opinions={**run.opinions, name: opinions})


def _changed(said: Opinion, given: Answer) -> Opinion:
    return replace(
        said,
        causes=tuple(one.code for one in given.causes),
        cause_probability=given.probability,
    )


def surest(answers: Sequence[Answer]) -> list[Answer]:
    """Returns the runs of the largest probabilities."""
    ordered = sorted(answers, key=lambda one: -one.probability)
    return ordered[: round(SUREST * len(ordered))]


def shares_of(answers: Sequence[Answer]) -> Iterator[float]:
    """Yields the shares of right families, leaves, leaves among three, and of the surest."""
    yield _mean([one.is_family_right for one in answers])
    yield _mean([one.is_leaf_right for one in answers])
    yield _mean([one.is_among_three for one in answers])
    yield _mean([one.is_leaf_right for one in surest(answers)])


def _mean(hits: Sequence[bool]) -> float:
    return sum(hits) / len(hits)
