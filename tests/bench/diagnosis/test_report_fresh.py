"""The page on a fresh test set."""

from dataclasses import replace

from bench.diagnosis.judges.clinic import CLINIC
from bench.diagnosis.report_fresh import page
from bench.diagnosis.spec_only import NAME
from tests.bench.diagnosis.builders import judged, opinions


def test_the_page_has_each_figure_with_its_target() -> None:
    runs = [
        replace(run, opinions={CLINIC.name: opinions(1.0), NAME: opinions(1.0)})
        for run in (judged(0.0, "penalty_dominates"), judged(1.0))
    ]

    text = page(runs, plan="0123456789abcdef")

    assert "`0123456789ab`" in text
    assert "| lasting detection, total failures | ≥ 98 % | 100%" in text
    assert "| healthy `sick` at the end | ≤ 2 % | 100%" in text
