import math
import random

import pytest

from app.domain.quantities import ProbeQuantity
from worker.probes.schedule import MAX_PROBES, ProbeSchedule


def run(
    schedule: ProbeSchedule, *, step_s: float, probe_s: float, from_step: int = 0
) -> tuple[list[int], ProbeSchedule, float]:
    """Steps probed, the schedule at the end and the wall time that a run takes."""
    elapsed_s, probed = 0.0, []
    for step in range(from_step, schedule.num_steps + 1):
        if schedule.is_due(step, elapsed_s=elapsed_s):
            probed.append(step)
            seconds = probe_s * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
            elapsed_s += seconds
            schedule = schedule.after(step, seconds=seconds)
        elapsed_s += step_s
    return probed, schedule, elapsed_s


@pytest.mark.parametrize("budget", [0.01, 0.05, 0.3])
@pytest.mark.parametrize("probe_s", [0.001, 0.05, 2.0])
def test_the_budget_is_kept_and_used(budget: float, probe_s: float) -> None:
    schedule = ProbeSchedule(num_steps=4000, budget=budget)

    probed, schedule, elapsed_s = run(schedule, step_s=0.01, probe_s=probe_s)

    most_s = budget * elapsed_s + 0.5 * probe_s  # what the last one cost more than foreseen
    assert schedule.share(elapsed_s) * elapsed_s <= most_s
    assert probed[0] == 0
    assert probed[-1] == 4000
    affordable = budget * 40 / probe_s
    assert len(probed) - 2 >= min(0.6 * affordable - 1, 0.9 * MAX_PROBES)
    assert len(probed) <= MAX_PROBES + 2


def test_without_a_budget_only_the_first_and_last_step_are_probed() -> None:
    probed, schedule, elapsed_s = run(
        ProbeSchedule(num_steps=50, budget=0.0), step_s=1.0, probe_s=0.01
    )

    assert probed == [0, 50]
    assert schedule.share(elapsed_s) == 0.0
    assert schedule.total_s > 0


def test_a_fixed_spacing_overrides_the_budget() -> None:
    probed, _, _ = run(ProbeSchedule(num_steps=25, budget=0.0, every=10), step_s=0.01, probe_s=1.0)

    assert probed == [0, 10, 20, 25]


def test_no_step_is_probed_twice_nor_any_where_probes_are_off() -> None:
    schedule = ProbeSchedule(num_steps=10, budget=1.0).after(0, seconds=0.1)
    off = ProbeSchedule(num_steps=10, budget=1.0, is_off=True)

    assert not schedule.is_due(0, elapsed_s=1.0)
    assert not off.is_due(0, elapsed_s=0.0)


def test_a_resumed_run_follows_the_schedule_of_the_attempt_before() -> None:
    first, _, _ = run(ProbeSchedule(num_steps=1000, budget=0.1), step_s=0.01, probe_s=0.2)
    schedule = ProbeSchedule(num_steps=1000, budget=0.1, followed_steps=tuple(first[:-1]))

    again, _, _ = run(schedule, step_s=0.05, probe_s=0.01, from_step=300)

    assert [step for step in again if step <= first[-2]] == [s for s in first[:-1] if s >= 300]


def test_the_next_probe_waits_longer_where_probes_became_dearer() -> None:
    cheap = ProbeSchedule(num_steps=1000, budget=0.1).after(5, seconds=0.1)
    dear = ProbeSchedule(num_steps=1000, budget=0.1).after(5, seconds=1.0)

    assert cheap.is_due(20, elapsed_s=3.0)
    assert not dear.is_due(20, elapsed_s=3.0)


def test_a_quantity_with_a_cadence_is_measured_where_a_multiple_has_come_by() -> None:
    cadences: tuple[tuple[ProbeQuantity, int | None], ...] = (
        ("sigma_max", None),
        ("lyapunov_spectrum", 100),
    )
    schedule = ProbeSchedule(num_steps=1000, budget=1.0)
    measured: list[int] = []
    for step in (0, 30, 99, 130, 180, 230, 420, 499, 500, 1000):
        wanted = schedule.wanted(cadences, step=step, is_last=step == 1000)
        assert "sigma_max" in wanted
        measured += [step] if "lyapunov_spectrum" in wanted else []
        schedule = schedule.after(step, seconds=0.1)

    assert measured == [0, 130, 230, 420, 500, 1000]


def test_the_last_probe_measures_all_whenever_it_comes() -> None:
    schedule = ProbeSchedule(num_steps=1000, budget=1.0, last_step=110)

    for is_last in (False, True):
        wanted = schedule.wanted((("sigma_max", 100),), step=150, is_last=is_last)
        assert bool(wanted) is is_last


def test_what_the_probe_of_an_update_took_belongs_to_the_probe_of_its_step() -> None:
    schedule = ProbeSchedule(num_steps=100, budget=0.05)

    first = schedule.after(0, seconds=2.0).with_cost(1.0)
    later = first.after(10, seconds=2.0).with_cost(1.0)

    assert (first.total_s, first.budgeted_s, first.last_cost_s) == (3.0, 0.0, 3.0)
    assert (later.total_s, later.budgeted_s, later.last_cost_s) == (6.0, 3.0, 3.0)
    assert schedule.with_cost(1.0) == schedule


@pytest.mark.parametrize("num_steps", [50, 600, 10_000])
def test_a_run_has_five_probes_between_its_ends_that_its_budget_pays_none_of(
    num_steps: int,
) -> None:
    schedule = ProbeSchedule(num_steps=num_steps, budget=1e-6)

    probed, schedule, elapsed_s = run(schedule, step_s=1.0, probe_s=num_steps / 70)

    sixth = num_steps / 6
    assert probed[1:-1] == [math.ceil(k * sixth) for k in range(1, 6)]
    assert schedule.share(elapsed_s) == 0


def test_probes_that_cost_more_than_a_tenth_of_the_run_are_not_assured_again() -> None:
    schedule = ProbeSchedule(num_steps=600, budget=0.03)

    probed, _, _ = run(schedule, step_s=0.001, probe_s=5.0)

    assert probed == [0, 100, 600]


def test_a_run_of_fewer_than_fifty_steps_has_what_the_budget_allows() -> None:
    probed, _, _ = run(ProbeSchedule(num_steps=49, budget=0.03), step_s=0.001, probe_s=5.0)

    assert probed == [0, 49]


def test_probes_that_the_budget_has_paid_for_count_among_the_assured_ones() -> None:
    probed, schedule, elapsed_s = run(
        ProbeSchedule(num_steps=600, budget=0.5), step_s=0.01, probe_s=0.01
    )

    assert len(probed) > 100
    assert schedule.share(elapsed_s) > 0.1


def test_assured_probes_follow_fewer_anchors_where_they_would_take_a_tenth_of_the_run() -> None:
    schedule = ProbeSchedule(num_steps=600, budget=0.03).after(0, seconds=0.5)

    share = schedule.share_of_anchors(100, elapsed_s=0.5 + 1.0)

    assert share == pytest.approx(0.1 / 5 * 6.0 / 0.5)
    assert schedule.share_of_anchors(100, elapsed_s=1000.0) == 1.0
    assert schedule.share_of_anchors(99, elapsed_s=1.5) == 1.0
    paced = ProbeSchedule(num_steps=600, budget=0.03, every=100).after(0, seconds=0.5)
    assert paced.share_of_anchors(100, elapsed_s=1.5) == 1.0
