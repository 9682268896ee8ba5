"""Which remedy is advised first."""

from dataclasses import replace

from pydantic import JsonValue

from app.domain.diagnosis.order_of_advice import in_order_of_advice
from app.domain.diagnosis.prescribe import prescribe
from app.domain.diagnosis.record import Record
from app.domain.diagnosis.remedies import REMEDIES
from app.domain.diagnosis.remedy import Ailment
from tests.domain.builders import job
from tests.domain.diagnosis.remedies.drawn import forecast


def test_of_remedies_that_cure_as_often_the_one_that_costs_more_comes_later() -> None:
    tried = Record(tried=9, cured=9, control_cured=0, source="")
    records = {"expansive_recurrence": {"use_gated_cell": tried, "scale_recurrent_init": tried}}
    radius: JsonValue = {"recurrent": {"kind": "spectral_radius", "radius": 3.0}}

    remedies = prescribe(Ailment(cause="expansive_recurrence"), job(init=radius), records=records)

    assert [one.kind for one in remedies[:2]] == ["scale_recurrent_init", "use_gated_cell"]


def test_a_remedy_that_cures_clearly_more_often_comes_before_a_cheaper_one() -> None:
    records = {
        "expansive_recurrence": {
            "use_gated_cell": Record(tried=20, cured=20, control_cured=0, source=""),
            "scale_recurrent_init": Record(tried=20, cured=14, control_cured=0, source=""),
        }
    }
    radius: JsonValue = {"recurrent": {"kind": "spectral_radius", "radius": 3.0}}

    remedies = prescribe(Ailment(cause="expansive_recurrence"), job(init=radius), records=records)

    assert [one.kind for one in remedies[:2]] == ["use_gated_cell", "scale_recurrent_init"]


def test_without_a_spec_the_order_is_that_of_cures_alone() -> None:
    often, rarely = (
        Record(tried=20, cured=cured, control_cured=0, source="") for cured in (20, 19)
    )
    records = {"expansive_recurrence": {"use_gated_cell": often, "scale_recurrent_init": rarely}}

    by_cures = in_order_of_advice({"expansive_recurrence": 1.0}, records=records)
    by_cost = in_order_of_advice(
        {"expansive_recurrence": 1.0}, records=records, costs={"use_gated_cell": 2.2}
    )

    assert [card.kind for card in by_cures[:2]] == ["use_gated_cell", "scale_recurrent_init"]
    assert [card.kind for card in by_cost[:2]] == ["scale_recurrent_init", "use_gated_cell"]


def test_what_acts_on_the_named_cause_comes_before_what_cures_more_often() -> None:
    likely = {"overfitting": 0.7, "outliers_dominate": 0.2}
    records = {
        "outliers_dominate": {"robust_loss": Record(tried=99, cured=99, control_cured=0, source="")}
    }
    ailment = Ailment(probabilities=likely)

    named = prescribe(ailment, forecast(), records=records)
    unnamed = prescribe(
        replace(ailment, probabilities={"overfitting": 0.4, "outliers_dominate": 0.35}),
        forecast(),
        records=records,
    )

    causes = {card.kind: card.causes for card in REMEDIES}
    assert "overfitting" in causes[named[0].kind]
    assert "overfitting" not in causes[unnamed[0].kind]
