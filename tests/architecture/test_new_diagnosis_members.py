"""What a new detector, cause or remedy costs: one file and two lines of its family's tuple.

Each is added in a copy of the repository. It must then be in the catalogue, in the enumerations and
parameters of `/openapi.json`, on the generated page and in the answer with a diagnosis.
"""

from pathlib import Path
from typing import Any

import pytest

from app.domain.specs.job import JobSpec
from tests.architecture.temporary_tree import Changes, Insertion, TemporaryTree, tree_with

FAMILIES = "app/domain/diagnosis"
ONE_FILE_AND_TWO_LINES = Changes(new_files=1, inserted_lines=2)

#: Everything that is derived from the cards, as one JSON document.
DERIVED = """
import json, runpy
from pathlib import Path

from app.api.models.catalog import view_catalog
from app.main import create_app
from app.services.read_catalog import read_catalog
from app.settings import Settings

runpy.run_module("docs.generate", run_name="__main__")
settings = Settings(
    home=Path("home"),
    secret="0" * 64,
    database_url="postgresql+psycopg://nowhere/none",
    broker_url="redis://nowhere",
)
print(json.dumps({
    "openapi": create_app(settings).openapi(),
    "catalog": view_catalog(read_catalog()).model_dump(mode="json"),
    "page": Path("docs/findings.md").read_text(),
}))
"""

#: The answer with the diagnosis of a run whose gradient is too large and which does not learn,
#: judged under the overrides `given`.
ANSWER = """
from uuid import UUID

from app.api.models.diagnosis import view_diagnosis
from app.domain.diagnosis.engine import diagnose
from app.domain.diagnosis.overrides import parse_overrides
from app.domain.runs import StopReason
from tests.domain.builders import case, job, scores, telemetry

run = case(
    spec=job(
        init={"recurrent": {"kind": "spectral_radius", "radius": 3.0}}, clipping={"kind": "none"}
    ),
    seen=telemetry(loss=0.2, grad_norm=1e9, readings=scores({999: 0.166})),
    stop_reason=StopReason.COMPLETED,
)
diagnosis = diagnose(run, parse_overrides(given))
print(view_diagnosis(UUID(int=0), diagnosis).model_dump_json())
"""

#: The remedies for a gradient that the recurrence enlarges.
ADVICE = """
import json

from app.domain.diagnosis.prescribe import prescribe
from app.domain.diagnosis.remedy import Ailment
from tests.domain.builders import job

ailment = Ailment(cause="expansive_recurrence", required_lag=50, length=200)
advised = prescribe(ailment, job())
print(json.dumps({remedy.kind: remedy.body for remedy in advised}))
"""

RESTLESS_LOSS = '''"""Does the loss stay high?"""

from dataclasses import dataclass

from app.domain.diagnosis import needs
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detector import DetectorCard, Outcome
from app.domain.diagnosis.findings import Finding, FindingState, Impact, Severity
from app.domain.diagnosis.thresholds import CHOSEN, threshold
from app.domain.diagnosis.trends import finite_median


@dataclass(frozen=True, kw_only=True)
class RestlessThresholds:
    """When the loss is high."""

    max_loss: float = threshold(0.1, unit="loss", meaning="median loss", source=CHOSEN)


def detect(case: Case, limits: RestlessThresholds) -> Outcome:
    loss = finite_median(case.recorded("loss"))
    if loss is None or loss <= limits.max_loss:
        return None
    return Finding(
        code="restless_loss",
        state=FindingState.ACTIVE,
        impact=Impact.UNKNOWN,
        severity=Severity.CRITICAL,
        first_step=0,
        last_step=case.present_step,
        threshold={"max_loss": limits.max_loss},
        evidence={"loss_median": loss},
        explanation="The loss is high. It has not fallen.",
    )


CARD = DetectorCard(
    code="restless_loss",
    summary="The loss stays high.",
    in_words="the loss stays high",
    is_essential=True,
    needs=(needs.recorded_steps,),
    thresholds=RestlessThresholds,
    detect=detect,
)
'''

LONG_SEQUENCES = '''"""The sequences are long."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import CauseCard, EvidenceKey, Family


def has_long_sequences(case: Case) -> bool:
    return case.task is not None and case.task.length > 100


CARD = CauseCard(
    code="long_sequences",
    family=Family.EXPANSION,
    summary="The sequences are long.",
    distinction="Shorter sequences are learned.",
    explains=frozenset({"exploding_gradient"}),
    is_possible=has_long_sequences,
    is_proven=has_long_sequences,
    evidence=(
        EvidenceKey(
            name="length_timesteps",
            unit="timesteps",
            meaning="length of a sequence",
            measure=lambda case: case.task.length if case.task else None,
        ),
    ),
)
'''

USE_FEWER_UNITS = '''"""Use fewer hidden units."""

from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.job import JobSpec


def draw(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    if spec.model.hidden_size == 1:
        return None
    return Draft(
        patch={"model": {"hidden_size": spec.model.hidden_size // 2}},
        reason="Half of the units have a smaller radius.",
    )


CARD = RemedyCard(
    kind="use_fewer_units",
    summary="Use fewer hidden units.",
    source="circular law: the radius grows with the root of their number",
    changes=("model.hidden_size",),
    cannot_act="There is one unit.",
    causes=frozenset({"expansive_recurrence"}),
    draw=draw,
)
'''


def with_member(
    tmp_path: Path, *, family: str, module: str, source: str, imported_after: str, after: str
) -> TemporaryTree:
    """A copy with that module in the family, imported and listed after other members."""
    tuple_of_cards = f"{FAMILIES}/{family}/__init__.py"
    return tree_with(
        tmp_path / "tree",
        new_files={f"{FAMILIES}/{family}/{module}.py": source},
        insertions=[
            Insertion(tuple_of_cards, after=f"{imported_after},", lines=(f"{module},",)),
            Insertion(tuple_of_cards, after=f"{after}.CARD,", lines=(f"{module}.CARD,",)),
        ],
    )


def derived(tree: TemporaryTree) -> dict[str, Any]:
    found = tree.answer(DERIVED)
    assert isinstance(found, dict)
    return found


def answer(tree: TemporaryTree, **overrides: str) -> dict[str, Any]:
    """The answer with the diagnosis; `code__name` stands for `code.name`."""
    given = {name.replace("__", "."): value for name, value in overrides.items()}
    found = tree.answer(f"given = {given!r}\n{ANSWER}")
    assert isinstance(found, dict)
    return found


def entry(entries: list[dict[str, Any]], **key: str) -> dict[str, Any]:
    ((name, value),) = key.items()
    (found,) = (one for one in entries if one[name] == value)
    return found


def row(page: str, name: str) -> str:
    """The first row of a table on the page that begins with the name."""
    return next(line for line in page.splitlines() if line.startswith(f"| `{name}` | "))


@pytest.fixture(scope="module")
def with_detector(tmp_path_factory: pytest.TempPathFactory) -> TemporaryTree:
    return with_member(
        tmp_path_factory.mktemp("detector"),
        family="detectors",
        module="restless_loss",
        source=RESTLESS_LOSS,
        imported_after="non_finite",
        after="non_finite",
    )


@pytest.fixture(scope="module")
def with_cause(tmp_path_factory: pytest.TempPathFactory) -> TemporaryTree:
    return with_member(
        tmp_path_factory.mktemp("cause"),
        family="causes",
        module="long_sequences",
        source=LONG_SEQUENCES,
        imported_after="learning_rate_too_low",
        after="learning_rate_too_low",
    )


@pytest.fixture(scope="module")
def with_remedy(tmp_path_factory: pytest.TempPathFactory) -> TemporaryTree:
    return with_member(
        tmp_path_factory.mktemp("remedy"),
        family="remedies",
        module="use_fewer_units",
        source=USE_FEWER_UNITS,
        imported_after="train_longer",
        after="clip_norm",
    )


def test_a_detector_is_a_file_and_two_lines_and_is_told_of_everywhere(
    with_detector: TemporaryTree,
) -> None:
    assert with_detector.changes == ONE_FILE_AND_TWO_LINES
    found = derived(with_detector)
    schemas, paths = found["openapi"]["components"]["schemas"], found["openapi"]["paths"]
    parameters = paths["/v1/runs/{run_id}/diagnosis"]["get"]["parameters"]
    told = entry(found["catalog"]["findings"], code="restless_loss")
    threshold = entry(told["thresholds"], name="restless_loss.max_loss")

    assert "restless_loss" in schemas["FindingCode"]["enum"]
    assert entry(parameters, name="restless_loss.max_loss")["schema"]["type"] == "number"
    assert (told["summary"], told["essential"]) == ("The loss stays high.", True)
    assert (threshold["default"], threshold["unit"]) == (0.1, "loss")
    assert "The loss stays high." in row(found["page"], "restless_loss")
    assert "| 0.1 | loss |" in row(found["page"], "restless_loss.max_loss")


def test_a_new_detector_finds_by_its_own_thresholds(with_detector: TemporaryTree) -> None:
    found = answer(with_detector)
    moved = answer(with_detector, restless_loss__max_loss="0.3")

    finding = entry(found["findings"], code="restless_loss")
    assert finding["evidence"] == {"loss_median": pytest.approx(0.2)}
    assert "The loss is high." in found["summary"]
    assert "restless_loss" not in {one["code"] for one in moved["findings"]}


def test_a_cause_is_a_file_and_two_lines_and_is_told_of_everywhere(
    with_cause: TemporaryTree,
) -> None:
    assert with_cause.changes == ONE_FILE_AND_TWO_LINES
    found = derived(with_cause)
    told = entry(found["catalog"]["causes"], code="long_sequences")
    explained = entry(found["catalog"]["findings"], code="exploding_gradient")

    assert "long_sequences" in found["openapi"]["components"]["schemas"]["CauseCode"]["enum"]
    assert told["findings"] == ["exploding_gradient"]
    assert [key["unit"] for key in told["evidence"]] == ["timesteps"]
    assert "long_sequences" in explained["causes"]
    assert "The sequences are long." in row(found["page"], "long_sequences")
    assert "length of a sequence" in row(found["page"], "length_timesteps")


def test_a_new_cause_that_is_proven_explains_its_findings(with_cause: TemporaryTree) -> None:
    found = answer(with_cause)

    (cause,) = found["causes"]
    assert (cause["code"], cause["family"], cause["probability"]) == (
        "long_sequences",
        "expansion",
        1.0,
    )
    assert cause["evidence"] == {"length_timesteps": 200}
    assert entry(found["findings"], code="exploding_gradient")["cause"] == cause
    assert entry(found["findings"], code="no_better_than_baseline")["cause"] is None


def test_a_remedy_is_a_file_and_two_lines_and_is_told_of_everywhere(
    with_remedy: TemporaryTree,
) -> None:
    assert with_remedy.changes == ONE_FILE_AND_TWO_LINES
    found = derived(with_remedy)
    told = entry(found["catalog"]["remedies"], kind="use_fewer_units")
    cause = entry(found["catalog"]["causes"], code="expansive_recurrence")

    assert told["changes"] == ["model.hidden_size"]
    assert "exploding_gradient" in told["findings"]
    assert "use_fewer_units" in cause["remedies"]
    assert "circular law" in row(found["page"], "use_fewer_units")


def test_a_new_remedy_is_advised_before_one_that_never_cured(with_remedy: TemporaryTree) -> None:
    bodies = with_remedy.answer(ADVICE)

    assert isinstance(bodies, dict)
    kinds = list(bodies)
    assert kinds.index("use_fewer_units") < kinds.index("shorten_bptt")
    assert JobSpec.model_validate(bodies["use_fewer_units"]).model.hidden_size == 32
