from pathlib import Path

from app.domain.diagnosis import records
from bench.diagnosis.records import CURES, Trial, module_of, read_trials, records_of


def trial(remedy: str, *, cured: bool) -> Trial:
    return Trial(
        key="",
        family="adding",
        cause="penalty_dominates",
        remedy=remedy,
        cured=cured,
        control_cured=False,
    )


def test_trials_are_counted_by_cause_and_remedy():
    found = records_of(
        [
            trial("weaken_penalty", cured=True),
            trial("weaken_penalty", cured=False),
            trial("use_gated_cell", cured=True),
        ]
    )

    record = found["penalty_dominates"]["weaken_penalty"]
    assert (record.tried, record.cured, record.control_cured) == (2, 1, 0)
    assert list(found["penalty_dominates"]) == ["use_gated_cell", "weaken_penalty"]


def test_the_domains_table_is_as_the_trials_have_it():
    written = Path(records.__file__).read_text()

    assert CURES.exists()
    assert written == module_of(records_of(read_trials())), "python -m bench.diagnosis.records"
