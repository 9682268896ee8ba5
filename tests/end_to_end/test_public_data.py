"""What a profile suggests is run without a change, on files of public packages.

Each file is uploaded, and the suggestion is tried, run and scored anew.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from app.embedded.home import make_home
from tests.end_to_end.conftest import LONGEST_WAIT_S, Owner
from tests.end_to_end.public_data import FILES
from tests.end_to_end.scored_anew import (
    SPLITS,
    Asked,
    errors,
    sequences_of,
    surprise,
    windows_of,
)
from tests.supervision.test_serve import serving
from tests.worker.publishing import bare

NUM_STEPS = 3
SPEC: Mapping[str, Any] = {
    "model": {"kind": "gru", "hidden_size": 8},
    "training": {"num_steps": NUM_STEPS, "evaluate_every": NUM_STEPS, "precision": "float64"},
    "probes": {"tier": "economy"},
}
PUBLISHED = ("predict.py", "model.safetensors", "model.json")


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A file, and what came of its suggestion."""

    profile: Mapping[str, Any]
    dataset: Mapping[str, Any]
    warnings: list[str]
    run: Mapping[str, Any]
    asked: Mapping[str, Asked]
    #: The rows that the published program predicts for each input of a split.
    predicted: Mapping[str, list[np.ndarray]]


def started(owner: Owner, name: str, text: str) -> dict[str, Any]:
    query = {"name": name, "kind": "csv"}
    made = owner.http.post("/v1/datasets", params=query, content=text.encode()).json()
    dataset = made["profile"]["suggested"]["dataset"]
    assert dataset is not None, (name, made["profile"]["suggested"]["reasons"])
    spec = {**SPEC, "dataset": dataset}
    tried = owner.http.post("/v1/runs", params={"dry_run": True}, json=spec)
    assert tried.status_code == httpx.codes.OK, (name, tried.text)
    return {
        "profile": made["profile"],
        "dataset": tried.json()["spec"]["dataset"],
        "warnings": tried.json()["warnings"],
        "run": owner.post_run(spec),
    }


def published(owner: Owner, run_id: str, folder: Path) -> None:
    folder.mkdir()
    for name in PUBLISHED:
        content = owner.http.get(f"/v1/runs/{run_id}/artifacts/{name}").content
        (folder / name).write_bytes(content)


def predicted(folders: Mapping[str, Path], asked: Mapping[str, Mapping[str, Asked]]) -> Any:
    """What the programs predict, all in one process: most of its time goes into importing torch."""
    commands = []
    for name, folder in folders.items():
        inputs = [one for split in SPLITS for one in asked[name][split].inputs]
        (folder / "in.json").write_text(json.dumps({"inputs": inputs}))
        commands.append(json.dumps([str(folder), str(folder / "in.json")]))
    command = [sys.executable, bare.__file__, *commands]
    answers = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    found: dict[str, dict[str, list[np.ndarray]]] = {}
    for name, (code, said, complained) in zip(folders, answers, strict=True):
        assert code in {None, 0}, (name, complained)
        outputs = [np.array(one["rows"]) for one in json.loads(said)["outputs"]]
        found[name] = {}
        for split in SPLITS:
            size = len(asked[name][split].inputs)
            found[name][split], outputs = outputs[:size], outputs[size:]
    return found


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Tried]:
    base = tmp_path_factory.mktemp("public")
    home = make_home(base / "home")
    with serving(home, CLINIC_SLOTS="2") as service:
        service.wait_for("/readyz")
        address = (home / "address").read_text().strip()
        headers = {"Authorization": f"Bearer {(home / 'admin-key').read_text().strip()}"}
        with httpx.Client(base_url=address, headers=headers, timeout=LONGEST_WAIT_S) as http:
            owner = Owner(service=service, http=http)
            texts = {name: make() for name, make in FILES.items()}
            found = {name: started(owner, name, text) for name, text in texts.items()}
            for name, one in found.items():
                run_id, one["run"] = one["run"], owner.run(one["run"], until="ended", wait_s="60")
                assert one["run"]["status"] == "succeeded", (name, one["run"])
                published(owner, run_id, base / name)
    asked = {
        name: (windows_of if one["dataset"]["kind"] == "forecast" else sequences_of)(
            one["dataset"], texts[name]
        )
        for name, one in found.items()
    }
    answers = predicted({name: base / name for name in found}, asked)
    return {
        name: Tried(**one, asked=asked[name], predicted=answers[name])
        for name, one in found.items()
    }


@pytest.mark.parametrize("name", FILES)
def test_the_suggestion_posts_and_trains_to_finite_scores(
    tried: Mapping[str, Tried], name: str
) -> None:
    one = tried[name]

    # cautions about the data are no fault of the suggestion
    assert not any("left out: " in warning for warning in one.warnings)
    assert one.run["stop_reason"] == "completed"
    for split in SPLITS:
        scores = one.run["metrics"][split]
        assert scores
        assert np.isfinite([value for value in scores.values() if value is not None]).all()
        assert one.run["skill"][split] is not None


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("name", FILES)
def test_scores_and_baselines_are_those_of_the_file(
    tried: Mapping[str, Tried], name: str, split: str
) -> None:
    one = tried[name]
    asked, rows = one.asked[split], one.predicted[split]
    baseline = one.run["baseline"]
    if one.dataset["kind"] == "forecast":
        wanted = np.stack(asked.wanted)
        scores = errors(np.stack([each[0] for each in rows]), wanted)
        floor = errors(np.stack(asked.told[baseline["name"]]), wanted)[baseline["metric"]]
    else:
        scores = {"cross_entropy": surprise([each[-1] for each in rows], asked.wanted)}
        floor = surprise(asked.told[baseline["name"]], asked.wanted)

    served = one.run["metrics"][split]

    assert {metric: served[metric] for metric in scores} == pytest.approx(scores, rel=1e-6)
    assert baseline["scores"][split] == pytest.approx(floor, rel=1e-8)
    skill = 1 - scores[baseline["metric"]] / floor
    assert one.run["skill"][split] == pytest.approx(skill, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("co2", {"season": 52, "missing": "forward_fill"}),
        ("sunspots", {"season": 11, "time_column": "YEAR"}),
        ("elec_equip", {"season": 12, "horizon": 12}),
        ("seattle-temps", {"season": 24, "horizon": 24}),
        ("grunfeld", {"series_column": "firm", "time_column": "year"}),
        ("stocks", {"series_column": "symbol", "time_column": "date", "target": "price"}),
        ("ohlc", {"target": "close"}),
        ("macrodata", {"time_column": None, "series_column": None}),
        ("digits", {"kind": "sequences", "sequence_column": "image", "label": "digit"}),
    ],
)
def test_the_suggestion_is_what_a_person_would_choose(
    tried: Mapping[str, Tried], name: str, expected: Mapping[str, object]
) -> None:
    dataset = tried[name].dataset

    assert {key: dataset[key] for key in expected} == expected
