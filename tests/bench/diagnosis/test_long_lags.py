from bench.diagnosis.long_lags import LEAF, STARTS, long_lags, tasks
from bench.diagnosis.plan import make_plan


def test_every_task_is_tried_with_the_usual_start_and_the_shortest_with_a_smaller_one():
    runs = list(long_lags())

    usual = [run.task for run in runs if run.injections[0].strength == 0]
    smaller = [run.task for run in runs if run.injections[0].strength == 1]
    assert usual == [task.name for task in tasks()]
    assert smaller == ["adding_40", "order_40"]
    assert {run.injections[0].leaf for run in runs} == {LEAF}


def test_a_run_is_a_valid_spec_with_the_start_and_differs_from_the_plan():
    runs = list(long_lags())

    radii = {run.spec.init.recurrent.kind for run in runs}
    assert radii == {start["kind"] for _, start in STARTS}
    assert all(run.spec.model.kind == "elman" for run in runs)
    assert {run.key for run in runs}.isdisjoint({run.key for run in make_plan()})
    assert len({run.key for run in runs}) == len(runs)
