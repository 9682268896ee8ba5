"""Which changes test the causes of a run, and which runs carry them out."""

import pytest
from pydantic import JsonValue

from app.domain.diagnosis.experiments.plans import carries_out, plans_of
from app.domain.specs.patch import patched
from tests.domain.builders import case, job

PARENT = job(training={"num_steps": 100})
SLOWER: dict[str, JsonValue] = {"optimizer": {"learning_rate": 0.0003}}
PLANNED = patched(PARENT, SLOWER)


def test_each_cause_has_its_test_in_the_given_order() -> None:
    codes = ["learning_rate_too_high", "unknown", "no_signal", "capacity_too_small"]

    plans = plans_of(codes, case())

    assert [plan.causes for plan in plans] == [
        ("learning_rate_too_high",),
        ("capacity_too_small",),
    ]
    assert plans[0].draft.patch == SLOWER


def test_causes_that_one_change_tests_share_a_plan() -> None:
    codes = ["too_few_steps", "capacity_too_small", "learning_rate_too_low"]

    plans = plans_of(codes, case())

    assert [plan.causes for plan in plans] == [
        ("too_few_steps", "learning_rate_too_low"),
        ("capacity_too_small",),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"name": "test", "tags": ["mine"], "priority": 5},
        {"training": {"seed": 7, "time_limit_s": 60, "evaluate_every": 3}},
        {"probes": {"tier": "off"}},
    ],
)
def test_labels_probes_limits_and_seed_may_differ(change: dict[str, JsonValue]) -> None:
    assert carries_out(patched(PLANNED, change), planned=PLANNED, parent=PARENT)


@pytest.mark.parametrize(
    "change",
    [
        {"optimizer": {"learning_rate": 0.0004}},
        {"training": {"num_steps": 101}},
        {"dataset": {"seed": 1}},
        {"clipping": {"kind": "none"}},
    ],
)
def test_a_run_with_another_change_is_no_such_experiment(change: dict[str, JsonValue]) -> None:
    assert not carries_out(patched(PLANNED, change), planned=PLANNED, parent=PARENT)


def test_another_seed_is_carried_out_by_a_run_with_any_other_seed() -> None:
    planned = patched(PARENT, {"training": {"seed": 5}})
    other = patched(PARENT, {"training": {"seed": 9}})

    assert carries_out(other, planned=planned, parent=PARENT)
    assert not carries_out(PARENT, planned=planned, parent=PARENT)
