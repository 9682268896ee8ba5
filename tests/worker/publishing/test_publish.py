"""Which files a run leaves, by how it ended; and an end is never lost for want of them."""

import json
import logging
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
import torch
from pydantic import JsonValue
from safetensors.torch import load
from sqlalchemy import create_engine

from app.artifacts import ArtifactFolder, digest_of
from app.domain.artifacts import ArtifactKind
from app.domain.errors import ArtifactsUnavailable
from app.domain.runs import StopReason
from tests.worker.builders import make_spec, train_spec
from worker.datasets.build import build_task
from worker.publishing.publish import Publisher, Trained
from worker.publishing.run_log import RunLog

RUN_ID = UUID(int=1)
CPU = torch.device("cpu")
SPEC = make_spec()
ABOUT_WEIGHTS = {"model.json", "golden.json", "predict.py"}
ALWAYS = {"environment.json", "log.txt"}
DIVERGING: dict[str, JsonValue] = {
    "model": {"kind": "elman", "activation": "relu"},
    "optimizer": {"kind": "sgd", "learning_rate": 1e20},
    "clipping": {"kind": "none"},
}


def trained(
    patch: dict[str, JsonValue] | None = None, *, stop: StopReason | None = None, after: int = 0
) -> Trained:
    """A run that is stopped after so many steps, or trains to its end."""
    spec, asked = make_spec(patch), iter(range(1_000_000))
    outcome = train_spec(spec, stop_requested=lambda: stop if next(asked) == after else None)
    task = build_task(spec.dataset, upload=None)
    return Trained(spec=spec, task=task, outcome=outcome.outcome)


def publisher(root: Path, *, attempt: int = 1, log: RunLog | None = None) -> Publisher:
    return Publisher(
        engine=create_engine("postgresql+psycopg://nowhere.invalid/"),
        artifacts=ArtifactFolder(root=root),
        run_id=RUN_ID,
        attempt=attempt,
        log=log or RunLog(),
    )


def names_of(root: Path, left: Trained | None) -> set[str]:
    publication = publisher(root).publish(left, spec=SPEC, device=CPU)
    assert publication.error is None
    return {file.name for file in publication.files}


def test_a_whole_run_leaves_everything(tmp_path: Path) -> None:
    left = trained({"optimizer": {"kind": "sgd", "learning_rate": 3.0}})
    best = left.outcome.best
    assert best is not None

    publication = publisher(tmp_path).publish(left, spec=SPEC, device=CPU)

    files = {file.name: file for file in publication.files}
    assert set(files) == {"model.safetensors", "best.safetensors"} | ABOUT_WEIGHTS | ALWAYS
    assert files["best.safetensors"].kind is ArtifactKind.BEST
    assert (files["model.safetensors"].step, files["best.safetensors"].step) == (
        12,
        best.score.step,
    )
    store = ArtifactFolder(root=tmp_path)
    contents = {name: store.read(RUN_ID, file.stored_name) for name, file in files.items()}
    for name, file in files.items():
        content = contents[name]
        assert (file.num_bytes, file.sha256) == (len(content), digest_of(content))
    weights = load(contents["model.safetensors"])
    assert weights.keys() == dict(left.outcome.model.named_tensors()).keys()
    for name, weight in left.outcome.model.named_tensors():
        assert torch.equal(weights[name], weight)
    for name, tensor in load(contents["best.safetensors"]).items():
        assert torch.equal(best.tensors[name], tensor)
    environment = json.loads(contents["environment.json"])
    assert environment["torch"] == torch.__version__
    assert environment["threads"] == str(torch.get_num_threads())
    assert environment["in_force"] == {
        "device": "cpu",
        "num_threads": torch.get_num_threads(),
        "precision": "float32",
        "deterministic": True,
        "time_limit_s": None,
        "probes": {"tier": "off", "budget": 0.0, "every": None},
    }


def test_a_cancelled_run_leaves_its_best_weights_alone(tmp_path: Path) -> None:
    left = trained(stop=StopReason.CANCELLED, after=7)

    assert names_of(tmp_path, left) == {"best.safetensors"} | ABOUT_WEIGHTS | ALWAYS


def test_a_run_that_was_cut_by_time_leaves_its_weights(tmp_path: Path) -> None:
    left = trained(stop=StopReason.TIMED_OUT, after=7)

    assert "model.safetensors" in names_of(tmp_path, left)


def test_a_diverged_run_leaves_no_last_weights(tmp_path: Path) -> None:
    left = trained(DIVERGING)

    assert left.outcome.stop_reason is StopReason.DIVERGED
    assert names_of(tmp_path, left) == {"best.safetensors"} | ABOUT_WEIGHTS | ALWAYS


def test_a_run_that_never_trained_leaves_its_log(tmp_path: Path) -> None:
    assert names_of(tmp_path, None) == ALWAYS


def test_without_validation_data_there_is_no_best(tmp_path: Path) -> None:
    left = trained()
    unscored = replace(left, outcome=replace(left.outcome, best=None))

    assert names_of(tmp_path, unscored) == {"model.safetensors"} | ABOUT_WEIGHTS | ALWAYS


def test_a_folder_that_takes_nothing_is_told_without_its_path(tmp_path: Path) -> None:
    root = tmp_path / "a-file-where-a-folder-should-be"
    root.write_bytes(b"")

    with pytest.raises(ArtifactsUnavailable) as caught:
        publisher(root).publish(trained(), spec=SPEC, device=CPU)

    assert caught.value.detail == "The artifact folder is gone."


def test_a_run_that_never_trained_ends_without_its_log(tmp_path: Path) -> None:
    publication = publisher(tmp_path / "gone").publish(None, spec=SPEC, device=CPU)

    assert publication.files == ()
    assert publication.error == "The artifact folder is gone."


def test_files_that_cannot_be_made_are_told(tmp_path: Path) -> None:
    left = trained()
    shapeless = replace(left, task=replace(left.task, evaluation={}))

    publication = publisher(tmp_path).publish(shapeless, spec=SPEC, device=CPU)

    assert publication.files == ()
    assert publication.error == "The files could not be made: KeyError."


def test_the_log_holds_what_the_trainer_said(caplog: pytest.LogCaptureFixture) -> None:
    log = RunLog.attached()
    speaker = logging.getLogger("worker.somewhere")
    try:
        with caplog.at_level(logging.INFO):
            speaker.info("Attempt %d begins.", 3)
            speaker.error("It failed.", exc_info=ValueError("one line\nand another"))
    finally:
        logging.getLogger("worker").removeHandler(log)

    first, second = log.content().decode().splitlines()
    assert first.endswith("INFO Attempt 3 begins.")
    assert second.endswith("ERROR It failed. ValueError: one line")


def test_a_log_that_is_too_long_keeps_its_last_lines() -> None:
    log = RunLog(max_bytes=2_000)
    for number in range(100):
        log.emit(logging.LogRecord("worker", logging.INFO, "", 1, f"line {number}", None, None))

    lines = log.content().decode().splitlines()
    assert len(log.content()) < 2_100
    assert lines[0] == f"({100 - len(lines) + 1} earlier lines are left out)"
    assert lines[-1].endswith("line 99")
