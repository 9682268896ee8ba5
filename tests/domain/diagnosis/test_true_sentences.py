"""Every sentence of every finding is read back from its evidence, whatever the detector."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.engine import diagnose
from app.domain.quantities import QUANTITIES
from app.domain.runs import StopReason
from app.domain.telemetry import DoubleArray, ScalarReading
from tests.domain.builders import case, job, profile, reading, scores, task, telemetry
from tests.domain.diagnosis.reading_back import complaints, sentences

NUM_STEPS = 1200
PROBED = (0, 200, 400, 600, 800, 1000, 1199)
NAMES = tuple(one.name for one in QUANTITIES)
#: Names of quantities that lie between 0 and 1.
SHARES = re.compile("fraction|share|mean")
SCOPES = ("model", "layer:0", "gate:0/forget", "gate:0/update")


class Chance:
    """Draws the parts of a run from a seed, which is all that a failure has to print."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def one_of(self, *choices: Any) -> Any:
        return choices[self._rng.integers(len(choices))]

    def size(self, decades: float = 9) -> float:
        return float(10 ** self._rng.uniform(-decades, decades))

    def share(self) -> float:
        return float(self._rng.uniform())

    def curve(self, length: int) -> DoubleArray:
        """A series that goes from one size to another, calmly or with jumps."""
        values = np.geomspace(self.size(4), self.size(4), max(length, 1))[:length]
        jumps = self._rng.uniform(size=length) < self.one_of(0, 0, 0.01)
        return np.asarray(values * np.where(jumps, self.size(), 1))

    def readings(self, steps: Sequence[int]) -> list[ScalarReading]:
        names = self._rng.choice(NAMES, size=self._rng.integers(12), replace=False)
        return [
            reading(str(name), scope, min(float(value), 1) if is_share else float(value), step=step)
            for name in names
            for scope, is_share in [(self.one_of(*SCOPES), SHARES.search(name) is not None)]
            for step, value in zip(steps, self.curve(len(steps)), strict=True)
        ]


def a_case(chance: Chance) -> Case:
    """A run of any kind: learned or not, with large and small gradients, ended or not."""
    num_done = chance.one_of(0, 5, 60, 700, NUM_STEPS, NUM_STEPS)
    probed = [step for step in PROBED if step <= num_done]
    floor, score, train = chance.size(4), 1.3 * chance.share(), 1.3 * chance.share()
    ratio, horizon, growth = chance.size(), int(199 * chance.share()), chance.one_of(0, 10)
    seen = telemetry(
        num_steps=num_done,
        loss=chance.curve(num_done),
        grad_norm=chance.curve(num_done),
        clip_coefficient=chance.share(),
        update_ratio=chance.size(),
        readings=[
            *scores(dict.fromkeys(probed[1:], score * floor)),
            *scores(dict.fromkeys(probed[1:], train * floor), split="train"),
            *chance.readings(probed),
        ],
        profiles=[
            profile(
                step,
                ratio=ratio,
                horizon=min(199, horizon + index * growth),
                log_rise=chance.one_of(None, None, 3.0, 60.0, 2000.0),
            )
            for index, step in enumerate(probed)
        ],
    )
    early = chance.one_of(None, *StopReason)
    return case(
        spec=job(
            model={"kind": chance.one_of("elman", "gru", "lstm")},
            training={"num_steps": NUM_STEPS, "bptt_length": chance.one_of(None, 30)},
        ),
        facts=task(floor=floor, attainable=chance.one_of(None, 0.0)),
        seen=seen,
        num_steps=NUM_STEPS,
        stop_reason=StopReason.COMPLETED if num_done == NUM_STEPS else early,
    )


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(min_value=0, max_value=2**32))
def test_every_sentence_is_true_of_the_numbers_that_it_rests_on(seed: int) -> None:
    it = a_case(Chance(seed))

    assert complaints(diagnose(it), it) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [("One. Two 0.5 more. Three.", 3), ("Only `a.b` here", 0), ("It is 1e-5.", 1)],
)
def test_sentences_are_counted(text: str, number: int) -> None:
    assert sentences(text) == number
