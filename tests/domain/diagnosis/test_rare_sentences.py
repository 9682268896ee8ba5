"""Parts of sentences and patches that few runs reach."""

from pydantic import JsonValue

from app.domain.diagnosis.detectors.exploding_gradient import _prognosis
from app.domain.diagnosis.findings import DiagnosisVerdict
from app.domain.diagnosis.prescribe import _merged
from app.domain.diagnosis.summary import _illness
from app.domain.runs import StopReason
from tests.domain.builders import case, scores, telemetry


def test_a_prognosis_ends_with_the_run() -> None:
    assert _prognosis(case()).startswith("The next steps")
    assert _prognosis(case(stop_reason=StopReason.COMPLETED)).startswith("The run ended")


def test_patches_of_one_object_are_joined() -> None:
    first: dict[str, JsonValue] = {"optimizer": {"learning_rate": 0.1}, "name": "a"}

    assert _merged(first, {"optimizer": {"eps": 1e-3}, "training": {"num_steps": 3}}) == {
        "optimizer": {"learning_rate": 0.1, "eps": 1e-3},
        "name": "a",
        "training": {"num_steps": 3},
    }


def test_without_a_finding_on_the_outcome_the_score_is_told() -> None:
    given = case(seen=telemetry(num_steps=100, readings=scores({99: 0.25})))

    (score,) = _illness(given, DiagnosisVerdict.SICK, (), (), None)

    assert "0.25" in score
