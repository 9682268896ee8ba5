from dataclasses import replace
from pathlib import Path

from bench.diagnosis.facts import renew_facts
from bench.diagnosis.plan import make_plan
from bench.diagnosis.planned import BASE
from bench.diagnosis.stored import read_file, write_runs
from bench.diagnosis.training import train_run


def test_stored_runs_get_the_facts_of_their_data(tmp_path: Path):
    planned = next(run for run in make_plan(0) if (run.task, run.kind) == ("season_elman", BASE))
    brief = replace(
        planned,
        order=replace(
            planned.order,
            spec={**planned.order.spec, "training": {"num_steps": 4, "batch_size": 8}},
        ),
    )
    whole = train_run(brief, plan="calibration")
    older = whole.facts.model_copy(update={"shift": None, "longer_context": None})
    path = tmp_path / "one.parquet"
    write_runs(path, [replace(whole, facts=older)])

    first, again = (renew_facts(path, {brief.key: brief}) for _ in range(2))

    (found,) = read_file(path)
    assert whole.facts.shift is not None
    assert whole.facts.longer_context is not None
    assert found.facts == whole.facts
    assert (first, again) == (1, 0)
