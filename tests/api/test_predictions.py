"""Predictions over HTTP: what is refused at once, what waits, and how an end is answered."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.domain.artifacts import ArtifactKind, Publication, PublishedFile
from app.domain.errors import Problem
from app.domain.predictions import (
    MAX_UNFINISHED,
    Failure,
    PredictedRow,
    PredictionResult,
)
from app.domain.runs import StopReason
from app.services.attempts.finish_run import AttemptEnd, finish_run
from app.services.predictions.claim_prediction import claim_prediction
from app.store.database import unit_of_work
from app.store.predictions import finish_prediction
from tests.api.conftest import Clinic, post_run
from tests.api.runs.test_continuation import claimed
from tests.api.runs.test_runs import check_problem as check_form
from tests.store.builders import LEASE_S, a_worker

ROWS = {"rows": [{"x": 1.5, "y": None}, {"x": 2, "y": "a"}]}
CSV = {"content": b"x\n1\n", "headers": {"Content-Type": "text/csv"}}
MODEL, BEST = ArtifactKind.MODEL, ArtifactKind.BEST


def check_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    return check_form(answer)


def ended(
    clinic: Clinic,
    client: httpx.Client,
    *kinds: ArtifactKind,
    stop_reason: StopReason = StopReason.COMPLETED,
) -> str:
    """A run that has ended with weights of these kinds, and its id."""
    run = claimed(clinic, post_run(client)["id"])
    files = tuple(
        PublishedFile(name=kind, kind=kind, stored_name=kind, num_bytes=1, sha256="0")
        for kind in kinds
    )
    end = AttemptEnd(
        run_id=run.id,
        attempt=run.attempt,
        stop_reason=stop_reason,
        publication=Publication(files=files),
    )
    finish_run(clinic.app.state.resources.engine, end)
    return str(run.id)


def ask(client: httpx.Client, run_id: str, **given: Any) -> httpx.Response:
    params = {"wait_s": 0, **given.pop("params", {})}
    return client.post(f"/v1/runs/{run_id}/predict", params=params, **(given or {"json": ROWS}))


def finish(clinic: Clinic, prediction_id: str, outcome: PredictionResult | Failure) -> None:
    """As a worker does it; what waits before it is claimed too."""
    engine = clinic.app.state.resources.engine
    with unit_of_work(engine) as work:
        worker_id = a_worker(work.session)
        while True:
            found = claim_prediction(work, worker_id=worker_id, lease_s=LEASE_S)
            assert found is not None
            if found.id == UUID(prediction_id):
                break
        finish_prediction(
            work.session,
            prediction_id=found.id,
            attempt=found.attempt,
            outcome=outcome if isinstance(outcome, Failure) else outcome.model_dump_json(),
        )


def test_one_that_is_not_done_in_time_says_where_to_look(
    clinic: Clinic, client: httpx.Client
) -> None:
    run_id = ended(clinic, client, MODEL)

    answer = ask(client, run_id)

    body = answer.json()
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/v1/runs/{run_id}/predictions/{body['id']}"
    assert (body["status"], body["weights"], body["result"]) == ("queued", "final", None)
    row = PredictedRow(series="a", values={"y": 1.5})
    finish(
        clinic,
        body["id"],
        PredictionResult(meaning="y", weights_step=3, predictions=(row,)),
    )
    found = client.get(answer.headers["Location"]).json()
    assert found["status"] == "succeeded"
    assert found["result"]["predictions"][0]["values"] == {"y": 1.5}


def test_rows_that_cannot_be_used_are_answered_with_their_places(
    clinic: Clinic, client: httpx.Client
) -> None:
    run_id = ended(clinic, client, MODEL)
    key = {"Idempotency-Key": str(uuid4())}
    first = ask(client, run_id, json=ROWS, headers=key)
    problem = Problem(pointer="/rows/0/x", detail="row 1, column 'x': no", code="not_predictable")
    failure = Failure(code="invalid_data", detail=problem.detail, problems=(problem,))
    finish(clinic, first.json()["id"], failure)

    again = ask(client, run_id, json=ROWS, headers=key)

    errors = check_problem(again, 422)["errors"]
    assert errors == [{"pointer": "/rows/0/x", "detail": problem.detail, "code": problem.code}]
    found = client.get(first.headers["Location"]).json()
    assert found["failure"]["errors"] == errors


@pytest.mark.parametrize(("code", "status"), [("too_large", 413), ("file_damaged", 410)])
def test_other_ends_without_predictions_are_answered_as_errors(
    code: str, status: int, clinic: Clinic, client: httpx.Client
) -> None:
    run_id = ended(clinic, client, MODEL)
    key = {"Idempotency-Key": str(uuid4())}
    first = ask(client, run_id, json=ROWS, headers=key)
    finish(clinic, first.json()["id"], Failure(code=code, detail="why"))

    assert check_problem(ask(client, run_id, json=ROWS, headers=key), status)["detail"] == "why"


def test_a_run_without_weights_is_told_why(clinic: Clinic, client: httpx.Client) -> None:
    queued = post_run(client)["id"]
    only_final = ended(clinic, client, MODEL)
    diverged = ended(clinic, client, BEST, stop_reason=StopReason.DIVERGED)
    cancelled = ended(clinic, client, stop_reason=StopReason.CANCELLED)
    best, final = {"weights": "best"}, {"weights": "final"}

    answers = {
        "has ended": ask(client, queued),
        "validation data": ask(client, only_final, params=best, json=ROWS),
        "diverged, so that its final weights are not published; weights=best": ask(
            client, diverged, params=final, json=ROWS
        ),
        "was cancelled": ask(client, cancelled),
    }

    for words, answer in answers.items():
        problem = check_problem(answer, 409)
        assert problem["code"] == "no_weights"
        assert words in problem["detail"]
    assert ask(client, diverged).json()["weights"] == "best"


def test_another_workspace_sees_nothing(clinic: Clinic, client: httpx.Client) -> None:
    run_id = ended(clinic, client, MODEL)
    made = ask(client, run_id).headers["Location"]
    other_run = post_run(client)["id"]

    with clinic.client(clinic.other_key) as stranger:
        check_problem(ask(stranger, run_id), 404)
        check_problem(stranger.get(made), 404)
        check_problem(stranger.delete(made), 404)
        mine = ended(clinic, stranger, MODEL)
        theirs = ask(stranger, mine, json={"dataset_id": str(uuid4())})
    check_problem(theirs, 404)
    check_problem(client.get(made.replace(run_id, other_run)), 404)


def test_reading_runs_is_enough(clinic: Clinic, client: httpx.Client) -> None:
    run_id = ended(clinic, client, MODEL)

    with clinic.client(clinic.new_key("runs:read")) as reader:
        answer = ask(reader, run_id)
        cancelled = reader.delete(answer.headers["Location"])
    with clinic.client(clinic.new_key("datasets:read")) as nobody:
        refused = ask(nobody, run_id)

    assert (answer.status_code, cancelled.status_code) == (202, 202)
    assert cancelled.json()["status"] == "cancelled"
    check_problem(refused, 403)


def test_a_second_cancellation_is_refused(clinic: Clinic, client: httpx.Client) -> None:
    made = ask(client, ended(clinic, client, MODEL)).headers["Location"]

    assert client.delete(made).status_code == 202
    check_problem(client.delete(made), 409)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({**ROWS, "text": "a"}, ""),
        ({"rows": []}, "/rows"),
        ({"rows": [{"x": [1]}]}, "/rows/0/x"),
        ({"rows": [1]}, "/rows/0"),
        ({"rows": ROWS["rows"], "colour": 1}, "/colour"),
        ({"dataset_id": "x"}, "/dataset_id"),
        ([], ""),
    ],
)
def test_a_body_of_another_form_is_refused_with_its_place(
    body: object, pointer: str, clinic: Clinic, client: httpx.Client
) -> None:
    answer = ask(client, ended(clinic, client, MODEL), json=body)

    errors = check_problem(answer, 422)["errors"]
    assert any(error["pointer"].startswith(pointer) for error in errors)


def test_numbers_that_json_does_not_have_are_refused(clinic: Clinic, client: httpx.Client) -> None:
    run_id = ended(clinic, client, MODEL)
    headers = {"Content-Type": "application/json"}

    answer = ask(client, run_id, content=b'{"rows": [{"x": NaN}]}', headers=headers)

    assert check_problem(answer, 422)["errors"][0]["pointer"] == "/rows/0/x"


def test_a_media_type_that_is_not_read_is_named(clinic: Clinic, client: httpx.Client) -> None:
    run_id = ended(clinic, client, MODEL)

    form = ask(client, run_id, data={"x": "1"})
    nothing = ask(client, run_id, content=b"x\n1\n")

    assert "text/csv" in check_problem(form, 415)["detail"]
    check_problem(nothing, 415)
    assert ask(client, run_id, **CSV).status_code == 202


def test_a_workspace_has_a_bounded_number_that_wait(clinic: Clinic) -> None:
    with clinic.client(clinic.other_key) as client:
        run_id = ended(clinic, client, MODEL)
        made = []
        while (answer := ask(client, run_id)).status_code == 202:
            made.append(answer.headers["Location"])
            assert len(made) <= MAX_UNFINISHED
        problem = check_problem(answer, 429)
        for each in made:
            client.delete(each)

    assert problem["code"] == "quota_reached"
    assert "predictions" in answer.headers["RateLimit"]
