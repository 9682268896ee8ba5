"""A diagnosis comes back as it was made, and news of it are logged once."""

import math
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.domain.diagnosis.findings import Cause, Evidence, Experiment, FindingState, Outlook
from app.domain.events import EventKind
from app.domain.scopes import Scope
from app.store.diagnoses import load_diagnosis, save_diagnosis
from app.store.documents import decode, encode
from app.store.events import events_after
from app.store.runs import find_run
from app.store.tables import diagnoses, findings
from tests.store.builders import a_diagnosis, a_finding, claimed_run, queued_run


def test_a_diagnosis_comes_back_as_it_was_made(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)
    evidence: Evidence = {
        "ratio": 1e-187,
        "interval": [0.0, math.inf],
        "where": "here",
        "rows": [1, None],
    }
    made = a_diagnosis(
        a_finding(evidence=evidence),
        replace(a_finding(code="non_finite"), cause=None, resolved_step=19),
        final=True,
    )

    save_diagnosis(session, run_id=run.id, attempt=1, diagnosis=made)

    assert load_diagnosis(session, run.id) == made


def test_an_undetermined_cause_comes_back_with_its_experiments(
    session: Session, workspace_id: UUID
) -> None:
    run = claimed_run(session, workspace_id)
    slower = Experiment(
        cause="learning_rate_too_high",
        reason="If it learns then, the rate is too high.",
        patch={"optimizer": {"learning_rate": 0.0003}},
        body={"model": {"kind": "elman"}},
    )
    cause = Cause(code="undetermined", probability=0.7, experiments=(slower,))
    made = replace(a_diagnosis(a_finding()), causes=(cause,))

    save_diagnosis(session, run_id=run.id, attempt=1, diagnosis=made)

    assert load_diagnosis(session, run.id) == made


def test_the_outlook_of_a_running_run_comes_back(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)
    outlook = Outlook(
        probability_no_better_than_baseline=0.1,
        probability_not_learned=0.3,
        metric="mse",
        split="validation",
        expected=0.02,
        interval=(0.01, 0.17),
        share_of_run=0.25,
    )
    made = replace(a_diagnosis(a_finding()), outlook=outlook)

    save_diagnosis(session, run_id=run.id, attempt=1, diagnosis=made)

    assert load_diagnosis(session, run.id) == made


def test_a_diagnosis_of_older_rules_can_be_read(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)
    save_diagnosis(session, run_id=run.id, attempt=1, diagnosis=a_diagnosis(a_finding()))
    older = {"code": "closed_forget_gate", "evidence": {"forget_gate_mean": 0.5}}
    session.execute(update(findings).values(cause=older))
    session.execute(update(diagnoses).values(causes=[], rules_version="4"))

    found = load_diagnosis(session, run.id)

    assert found is not None
    assert found.causes == ()
    assert found.findings[0].cause == Cause(
        code="closed_forget_gate", evidence={"forget_gate_mean": 0.5}
    )


def test_the_run_carries_verdict_and_codes(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)
    made = a_diagnosis(
        a_finding(),
        replace(a_finding(), scope=Scope.parse("layer:1")),
        a_finding(code="exploding_gradient", state=FindingState.RESOLVED),
    )

    save_diagnosis(session, run_id=run.id, attempt=1, diagnosis=made)
    found = find_run(session, workspace_id, run.id)

    assert (found.verdict, found.finding_codes) == ("sick", ("vanishing_gradient",))
    assert not found.is_diagnosis_final


def test_only_news_are_logged(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)
    predicted = a_finding(state=FindingState.PREDICTED)
    active = a_finding()

    for found in (predicted, predicted, active, replace(active, last_step=30)):
        save_diagnosis(session, run_id=run.id, attempt=1, diagnosis=a_diagnosis(found))

    logged = [
        event.data["state"]
        for event in events_after(session, run.id, 0, 100)
        if event.kind is EventKind.FINDING
    ]
    assert logged == ["predicted", "active"]


def test_a_run_may_have_no_diagnosis(session: Session, workspace_id: UUID) -> None:
    assert load_diagnosis(session, queued_run(session, workspace_id).id) is None


@pytest.mark.parametrize(
    "document", [{"a": [1, 2.5, None, True, "x"], "b": {"c": math.inf}}, -math.inf, [], "", 3]
)
def test_documents_come_back_as_they_were(document: object) -> None:
    assert decode(encode(document)) == document


def test_documents_keep_nan() -> None:
    found = decode(encode({"value": math.nan}))

    assert isinstance(found, dict)
    assert repr(found["value"]) == "nan"


def test_what_postgresql_cannot_hold_is_replaced() -> None:
    assert encode({"a\x00": "\ud800 b"}) == {"a\ufffd": "? b"}


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(TypeError, match="object"):
        encode([object()])
