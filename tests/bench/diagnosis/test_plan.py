from collections import Counter

from bench.diagnosis.faults import FAULTS
from bench.diagnosis.leaves import FAMILIES, FINDINGS
from bench.diagnosis.plan import make_plan
from bench.diagnosis.planned import BASE, fields_of
from bench.diagnosis.tasks import TASKS

PLAN = make_plan()


def test_it_has_at_least_900_runs_and_each_of_them_once():
    assert len(PLAN) >= 900
    assert len({run.key for run in PLAN}) == len(PLAN)


def test_it_has_ten_tasks_in_five_families_with_every_cell():
    assert len({run.task for run in PLAN}) >= 10
    assert len({run.family for run in PLAN}) >= 5
    assert {task.cell for task in TASKS} == {"elman", "relu", "gru", "lstm"}
    assert {task.upload.kind for task in TASKS if task.upload} == {"series", "labelled", "text"}


def test_it_has_24_kinds_of_fault_over_every_family_of_causes():
    kinds = {run.kind for run in PLAN if len(run.injections) == 1 and run.decoy is None}

    assert kinds == {kind.name for kind in FAULTS}
    assert len(kinds) >= 24
    assert {FAMILIES[kind.leaf] for kind in FAULTS} == set(FAMILIES.values())
    assert set(FINDINGS) == set(FAMILIES)


def test_a_tenth_of_the_faulty_runs_have_two_faults():
    faulty = [run for run in PLAN if run.injections and run.decoy is None]
    double = [run for run in faulty if len(run.injections) == 2]

    assert len(double) >= 0.1 * len(faulty)


def test_every_strength_of_a_kind_is_tried_five_times_or_eight_or_three_times_a_task():
    for kind in FAULTS:
        levels = Counter(run.injections[0].level for run in PLAN if run.kind == kind.name)
        fitting = sum(kind.changes(task, kind.levels[0]) is not None for task in TASKS)
        assert set(levels) == set(kind.levels)
        assert set(levels.values()) <= {5, 8, 3 * fitting}, kind.name


def test_the_first_quarter_has_each_kind_in_its_share():
    whole = Counter(run.kind for run in PLAN)
    quarter = Counter(run.kind for run in PLAN[: len(PLAN) // 4])

    assert all(abs(quarter[kind] - count / 4) <= 1 for kind, count in whole.items())


def test_the_same_seed_gives_the_same_runs_and_another_one_gives_others():
    assert [run.key for run in make_plan()] == [run.key for run in PLAN]
    assert not {run.key for run in make_plan(21)} & {run.key for run in PLAN}


def test_a_decoy_lies_in_other_fields_than_the_fault_and_in_another_family():
    decoyed = [run for run in PLAN if run.decoy is not None]

    assert len(decoyed) >= 100
    for run in decoyed:
        (fault,), decoy = run.injections, run.decoy
        assert decoy is not None
        assert fields_of(fault.patch).isdisjoint(fields_of(decoy.patch))
        assert FAMILIES[fault.leaf] != FAMILIES[decoy.leaf]


def test_probes_and_evaluations_lie_at_fixed_steps():
    assert all(run.spec.probes.every is not None for run in PLAN)


def test_a_fault_differs_from_its_base_only_in_the_fields_of_the_fault():
    base = next(run for run in PLAN if run.kind == BASE and run.task == "adding_lstm")
    faulty = next(run for run in PLAN if run.kind == "closed_forget_gate" and run.task == base.task)

    assert faulty.order.spec == {
        **base.order.spec,
        "init": {"forget_bias": faulty.injections[0].level},
    }
