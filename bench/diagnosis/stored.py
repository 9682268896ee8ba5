"""A trained run of the benchmark as it is stored, and as a judge sees it at a share of its steps.

    for run in read_runs(folder):
        case = run.case_at(0.25)   # what live judging would have seen then
        run.label                  # what was done to the run; a judge must not look at it

Legend: n steps, P tensors, T lags.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import JsonValue, TypeAdapter

from app.domain.diagnosis.case import Case
from app.domain.runs import StopReason
from app.domain.scopes import SPLITS, Split
from app.domain.specs.job import JobSpec
from app.domain.task import TaskFacts
from app.domain.telemetry import Telemetry
from bench.diagnosis.stored_telemetry import COLUMNS, packed, unpacked

#: Folder of the stored runs of the repository.
RUNS = Path(__file__).parent / "runs"
_INJECTIONS: TypeAdapter[list[dict[str, JsonValue]]] = TypeAdapter(list[dict[str, JsonValue]])


@dataclass(frozen=True, kw_only=True)
class Injected:
    """A fault as it was injected."""

    kind: str
    leaf: str
    level: float
    strength: int
    num_strengths: int


@dataclass(frozen=True, kw_only=True)
class Label:
    """What was done to a run."""

    task: str
    #: Family of the base task; tests leave one family out.
    family: str
    #: `base`, a kind of fault or of look-alike, two kinds of fault with a plus between them, or a
    #: kind of fault and a decoy with a tilde between them.
    kind: str
    injected: tuple[Injected, ...]
    #: Name of the plan: `calibration`, or the commit that a fresh test set derives from.
    plan: str
    #: Kind of an unusual value beside the fault that rarely harms; empty without one.
    decoy: str = ""

    @property
    def leaves(self) -> frozenset[str]:
        return frozenset(one.leaf for one in self.injected)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How the training ended."""

    stop_reason: StopReason
    steps_done: int
    #: In the task's metric, of the weights at the end; NaN where they have none.
    scores: Mapping[Split, float]
    #: Of the baseline, on the same splits.
    floors: Mapping[Split, float]
    #: Score that no forecast can beat in expectation; None where it is not known.
    optimum: float | None
    seconds: float

    def progress(self, split: Split = "test") -> float:
        """Returns (floor - score) / floor; minus infinity where the score is not finite."""
        score, floor = self.scores[split], self.floors[split]
        return (floor - score) / floor if math.isfinite(score) else -math.inf


@dataclass(frozen=True, kw_only=True)
class StoredRun:
    """One trained run."""

    #: Hash of what was ordered, with its seed and data.
    key: str
    label: Label
    spec: JobSpec
    facts: TaskFacts
    outcome: Outcome
    #: All of it, in float32; the numbers of single tensors are rounded to 10 bits.
    telemetry: Telemetry
    seed: int

    @property
    def num_steps(self) -> int:
        return self.spec.training.num_steps

    def case_at(self, share: float) -> Case:
        """Returns the case after this share of the steps that were asked for.

        A run that ended before is judged as ended, with its last measurements.
        """
        num_done = math.ceil(share * self.num_steps)
        has_ended = share >= 1 or num_done >= self.outcome.steps_done
        return Case(
            spec=self.spec,
            task=self.facts,
            telemetry=self.telemetry if has_ended else until(self.telemetry, num_done - 1),
            num_steps=self.num_steps,
            attempt=1,
            has_ended=has_ended,
            stop_reason=self.outcome.stop_reason if has_ended else None,
        )


def until(telemetry: Telemetry, last_step: int) -> Telemetry:
    """Returns the telemetry up to a step: a reading of a step is taken before its update."""
    num_steps = int(np.searchsorted(telemetry.steps_n, last_step, side="right"))
    return replace(
        telemetry,
        steps_n=telemetry.steps_n[:num_steps],
        scalars={name: values[:num_steps] for name, values in telemetry.scalars.items()},
        tensors={name: values[:num_steps] for name, values in telemetry.tensors.items()},
        scalar_readings=tuple(r for r in telemetry.scalar_readings if r.step <= last_step),
        profiles=tuple(p for p in telemetry.profiles if p.step <= last_step),
    )


SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("label", pa.string()),
        ("spec", pa.string()),
        ("facts", pa.string()),
        ("outcome", pa.string()),
        ("seed", pa.int64()),
        *COLUMNS,
    ]
)


def write_runs(path: Path, runs: Sequence[StoredRun]) -> None:
    """Writes one file, whole or not at all."""
    rows = [_row(run) for run in runs]
    table = pa.table({name: [row[name] for row in rows] for name in SCHEMA.names}, schema=SCHEMA)
    floats = [
        f"{field.name}.list.element" for field in SCHEMA if field.type == pa.list_(pa.float32())
    ]
    others = [
        f"{field.name}.list.element" if pa.types.is_list(field.type) else field.name
        for field in SCHEMA
    ]
    part = path.with_suffix(".part")
    pq.write_table(
        table,
        part,
        compression="zstd",
        compression_level=15,
        use_dictionary=[name for name in others if name not in floats],
        use_byte_stream_split=floats,
        row_group_size=50,
        write_statistics=False,
    )
    part.replace(path)


def read_runs(folder: Path = RUNS) -> Iterator[StoredRun]:
    """Reads every run of a folder, file by file in the order of their names."""
    for path in sorted(folder.glob("*.parquet")):
        yield from read_file(path)


def read_file(path: Path) -> Iterator[StoredRun]:
    file = pq.ParquetFile(path)
    for batch in file.iter_batches(batch_size=50):
        columns = {name: batch.column(name) for name in SCHEMA.names}
        for place in range(batch.num_rows):
            yield _run({name: column[place] for name, column in columns.items()})


def _row(run: StoredRun) -> dict[str, object]:
    label, outcome = run.label, run.outcome
    described = {
        **{name: getattr(label, name) for name in ("task", "family", "kind", "plan", "decoy")},
        "injected": [vars(one) for one in label.injected],
    }
    ended = {**vars(outcome), "stop_reason": outcome.stop_reason.value}
    return {
        "key": run.key,
        "label": json.dumps(described),
        "spec": run.spec.model_dump_json(exclude_defaults=False),
        "facts": run.facts.model_dump_json(),
        "outcome": json.dumps({name: _plain(value) for name, value in ended.items()}),
        "seed": run.seed,
        **packed(run.telemetry),
    }


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else value


def _run(row: Mapping[str, pa.Scalar]) -> StoredRun:
    label = json.loads(row["label"].as_py())
    outcome = json.loads(row["outcome"].as_py())
    injected = _INJECTIONS.validate_python(label.pop("injected"))
    return StoredRun(
        key=row["key"].as_py(),
        label=Label(
            **label,
            injected=tuple(Injected(**one) for one in injected),  # type: ignore[arg-type] # as written
        ),
        spec=JobSpec.model_validate_json(row["spec"].as_py()),
        facts=TaskFacts.model_validate_json(row["facts"].as_py()),
        outcome=Outcome(**{**outcome, "stop_reason": StopReason(outcome["stop_reason"])}),
        telemetry=unpacked({name: _values(row[name]) for name in COLUMN_NAMES}),
        seed=row["seed"].as_py(),
    )


COLUMN_NAMES = tuple(field.name for field in COLUMNS)


def _values(cell: pa.Scalar) -> NDArray[np.generic] | list[str]:
    """The numbers of a cell without a copy, or its texts."""
    if pa.types.is_string(cell.type.value_type):
        texts: list[str] = cell.as_py()
        return texts
    numbers: NDArray[np.generic] = cell.values.to_numpy(zero_copy_only=True)
    return numbers


def scores_of(values: Mapping[str, float]) -> dict[Split, float]:
    """Returns a score for each split, NaN where there is none."""
    return {split: values.get(split, math.nan) for split in SPLITS}
