"""A seed gives the weights and the readings that it gave in earlier releases."""

import json

import pytest
import torch

from tests.numerics.pinned import (
    CPU,
    PAGE,
    Pin,
    initial_cases,
    pin_initial,
    pin_trained,
    trained_cases,
)
from worker.training.fingerprint import take_fingerprint

DOCUMENT = json.loads(PAGE.read_text())
PINS = {name: Pin(*pin) for name, pin in DOCUMENT["pins"].items()}
#: Of a projection: weights are float32, and 20 steps carry each rounding on.
TOLERANCE = 1e-4


def is_same(found: Pin, pinned: Pin) -> bool:
    """Bit for bit on the kind of machine that the pins were taken on, else within rounding."""
    if take_fingerprint(CPU) == DOCUMENT["fingerprint"]:
        return found.sha256 == pinned.sha256
    return found.projection == pytest.approx(pinned.projection, rel=TOLERANCE, abs=TOLERANCE)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_each_case_is_pinned() -> None:
    assert {*initial_cases(), *trained_cases()} == set(PINS)


@pytest.mark.parametrize("name", initial_cases())
def test_initial_weights_are_those_of_earlier_releases(name: str) -> None:
    assert is_same(pin_initial(initial_cases()[name]), PINS[name])


@pytest.mark.parametrize("name", trained_cases())
def test_twenty_steps_are_those_of_earlier_releases(name: str) -> None:
    assert is_same(pin_trained(trained_cases()[name]), PINS[name])
