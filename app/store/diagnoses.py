"""Stores a run's latest diagnosis, its findings as rows and new findings as events."""

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from pydantic import JsonValue, TypeAdapter
from sqlalchemy import RowMapping, delete, insert, select
from sqlalchemy.orm import Session

from app.domain.diagnosis.findings import (
    Cause,
    Diagnosis,
    DiagnosisVerdict,
    ExperimentResult,
    Finding,
    FindingState,
    NotAssessed,
    Outlook,
)
from app.domain.events import EventKind
from app.domain.runs import Run
from app.store.documents import decode, encode
from app.store.fence import NewEvent, change_attempt, change_run
from app.store.tables import diagnoses, findings, runs

_FINDING = TypeAdapter(Finding)
_CAUSES = TypeAdapter(tuple[Cause, ...])
_OUTLOOK = TypeAdapter(Outlook | None)
_RESULTS = TypeAdapter(tuple[ExperimentResult, ...])
_NOT_ASSESSED = TypeAdapter(tuple[NotAssessed, ...])
#: Columns of `findings` that hold documents.
_DOCUMENTS = frozenset({"threshold", "evidence", "cause", "remedies"})


def save_diagnosis(
    session: Session,
    *,
    run_id: UUID,
    attempt: int,
    diagnosis: Diagnosis,
    is_taken_back: bool = False,
) -> None:
    """Replaces the run's diagnosis; new and changed findings become events.

    With `is_taken_back`, the run must have been taken back from its worker. Raises Fenced when the
    run no longer belongs to the attempt.
    """
    change_attempt(
        session,
        run_id=run_id,
        attempt=attempt,
        values=_values_of(diagnosis),
        log=_news(session, run_id, diagnosis),
        is_taken_back=is_taken_back,
    )
    _replace(session, run_id, diagnosis)


def replace_final_diagnosis(session: Session, run: Run, diagnosis: Diagnosis) -> None:
    """Replaces the diagnosis of an ended run, which the caller has locked."""
    log = _news(session, run.id, diagnosis)
    change_run(session, runs.c.id == run.id, values=_values_of(diagnosis), log=log)
    _replace(session, run.id, diagnosis)


def _news(session: Session, run_id: UUID, diagnosis: Diagnosis) -> tuple[NewEvent, ...]:
    """Returns events of the findings that are new or have changed."""
    known = {_identity(finding) for finding in _read_findings(session, run_id)}
    return tuple(
        NewEvent(kind=EventKind.FINDING, data=_event_data(finding))
        for finding in diagnosis.findings
        if _identity(finding) not in known
    )


def _values_of(diagnosis: Diagnosis) -> Mapping[str, object]:
    """Returns the columns of a run that hold its diagnosis in short."""
    present = (f for f in diagnosis.findings if f.state is not FindingState.RESOLVED)
    return {
        "verdict": diagnosis.verdict.value,
        # without duplicates, in the order of the findings
        "finding_codes": list(dict.fromkeys(finding.code for finding in present)),
        "is_diagnosis_final": diagnosis.final,
    }


def _replace(session: Session, run_id: UUID, diagnosis: Diagnosis) -> None:
    session.execute(delete(diagnoses).where(diagnoses.c.run_id == run_id))
    session.execute(insert(diagnoses), {"run_id": run_id, **_row_of(diagnosis)})
    rows = [
        {"run_id": run_id, "position": position, **_finding_row(finding)}
        for position, finding in enumerate(diagnosis.findings)
    ]
    if rows:
        session.execute(insert(findings), rows)


def load_summaries(session: Session, run_ids: Collection[UUID]) -> Mapping[UUID, str]:
    """Returns the summaries of the runs that have a diagnosis."""
    statement = select(diagnoses.c.run_id, diagnoses.c.summary)
    rows = session.execute(statement.where(diagnoses.c.run_id.in_(run_ids)))
    return {row[0]: row[1] for row in rows}


def load_diagnosis(session: Session, run_id: UUID) -> Diagnosis | None:
    statement = select(diagnoses).where(diagnoses.c.run_id == run_id)
    row = session.execute(statement).mappings().one_or_none()
    if row is None:
        return None
    return Diagnosis(
        attempt=row["attempt"],
        as_of_step=row["as_of_step"],
        final=row["is_final"],
        rules_version=row["rules_version"],
        verdict=DiagnosisVerdict(row["verdict"]),
        summary=row["summary"],
        findings=tuple(_read_findings(session, run_id)),
        not_assessed=_NOT_ASSESSED.validate_python(row["not_assessed"]),
        causes=_CAUSES.validate_python(decode(row["causes"])),
        outlook=_OUTLOOK.validate_python(row["outlook"]),
        experiment_results=_RESULTS.validate_python(decode(row["experiment_results"])),
    )


def _read_findings(session: Session, run_id: UUID) -> Iterable[Finding]:
    statement = select(findings).where(findings.c.run_id == run_id).order_by(findings.c.position)
    return [_finding_of(row) for row in session.execute(statement).mappings()]


def _identity(finding: Finding) -> tuple[str, str, str, str]:
    """Returns the fields of a finding whose change is reported as an event."""
    return (finding.code, str(finding.scope), finding.state, finding.severity)


def _event_data(finding: Finding) -> Mapping[str, JsonValue]:
    return {
        "code": finding.code,
        "scope": str(finding.scope),
        "state": finding.state.value,
        "severity": finding.severity.value,
        "impact": finding.impact.value,
        "first_step": finding.first_step,
        "explanation": finding.explanation,
    }


def _row_of(diagnosis: Diagnosis) -> Mapping[str, object]:
    return {
        "attempt": diagnosis.attempt,
        "as_of_step": diagnosis.as_of_step,
        "is_final": diagnosis.final,
        "rules_version": diagnosis.rules_version,
        "verdict": diagnosis.verdict.value,
        "summary": diagnosis.summary,
        "not_assessed": _NOT_ASSESSED.dump_python(diagnosis.not_assessed, mode="json"),
        "causes": encode(_CAUSES.dump_python(diagnosis.causes, mode="json")),
        "outlook": _OUTLOOK.dump_python(diagnosis.outlook, mode="json"),
        "experiment_results": encode(
            _RESULTS.dump_python(diagnosis.experiment_results, mode="json")
        ),
    }


def _finding_row(finding: Finding) -> Mapping[str, object]:
    """Returns a row; each column holds the field of the same name."""
    fields = _FINDING.dump_python(finding, mode="json")
    return {
        name: encode(value) if name in _DOCUMENTS and value is not None else value
        for name, value in fields.items()
    }


def _finding_of(row: RowMapping) -> Finding:
    fields = {
        name: decode(value) if name in _DOCUMENTS else value
        for name, value in row.items()
        if name not in {"run_id", "position"}
    }
    return _FINDING.validate_python(fields)
