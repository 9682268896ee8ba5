"""A sign begins and ends where several probes in succession agree."""

from collections.abc import Sequence

import pytest

from app.domain.diagnosis.episodes import Episode, Sign, find_episode, largest_signs
from app.domain.diagnosis.findings import FindingState
from app.domain.scopes import Scope, ScopeKind
from tests.domain.builders import case, reading, telemetry


def _episode(values: Sequence[int], *, settle_step: int = 0) -> Episode | None:
    """One probe every 10 steps; 1 shows the sign."""
    signs = [
        Sign(step=10 * place, value=value, scope=Scope.model())
        for place, value in enumerate(values)
    ]
    return find_episode(signs, lambda sign: sign.value > 0, min_probes=3, settle_step=settle_step)


@pytest.mark.parametrize(
    ("values", "settle_step", "state", "first", "last", "resolved"),
    [
        ([1, 1, 1], 0, FindingState.ACTIVE, 0, 20, None),
        ([0, 0, 1, 1, 1], 0, FindingState.ACTIVE, 20, 40, None),
        # what began before the start of the run was over is dated back to its first probe
        ([1, 1, 1, 1, 1], 20, FindingState.ACTIVE, 0, 40, None),
        # single probes without the sign do not end it
        ([1, 1, 1, 0, 1, 0, 0], 0, FindingState.ACTIVE, 0, 40, None),
        ([1, 1, 1, 0, 0, 0, 1], 0, FindingState.RESOLVED, 0, 20, 30),
        ([1, 1, 1, 0, 0, 0, 1, 1, 1], 0, FindingState.ACTIVE, 60, 80, None),
        ([1, 1, 1, 1], 20, FindingState.PREDICTED, 0, 30, None),
        ([0, 1], 100, FindingState.PREDICTED, 10, 10, None),
    ],
)
def test_several_probes_in_succession_begin_and_end_it(
    values: Sequence[int],
    settle_step: int,
    state: FindingState,
    first: int,
    last: int,
    resolved: int | None,
) -> None:
    found = _episode(values, settle_step=settle_step)

    assert found is not None
    assert (found.state, found.first.step, found.last.step) == (state, first, last)
    assert found.resolved_step == resolved


@pytest.mark.parametrize(
    ("values", "settle_step"),
    [([], 0), ([0, 0, 0], 0), ([1, 1, 0], 0), ([1, 0, 1, 1], 0), ([1, 1, 0], 100), ([0, 1], 0)],
)
def test_fewer_probes_show_nothing(values: Sequence[int], settle_step: int) -> None:
    assert _episode(values, settle_step=settle_step) is None


def test_the_scope_that_shows_most_counts_at_each_probe() -> None:
    readings = (
        reading("saturated_fraction", "gate:0/forget", 0.2, step=10),
        reading("saturated_fraction", "gate:0/input", 0.9, step=10),
        reading("saturated_fraction", "gate:0/output", 0.5, step=10),
        reading("saturated_fraction", "gate:0/input", float("nan"), step=0),
        reading("saturated_fraction", "gate:0/forget", 0.1, step=0),
        reading("saturated_fraction", "layer:0", 1.0, step=0),
        reading("gate_mean", "gate:0/forget", 1.0, step=0),
    )

    signs = largest_signs(
        case(seen=telemetry(readings=readings)), "saturated_fraction", ScopeKind.GATE
    )

    assert [(sign.step, sign.value, str(sign.scope)) for sign in signs] == [
        (0, 0.1, "gate:0/forget"),
        (10, 0.9, "gate:0/input"),
    ]
