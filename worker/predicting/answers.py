"""The numbers of predict.py as the rows of an answer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.predictions import PredictedRow
from app.domain.specs.dataset.forecast import ForecastSpec
from app.domain.specs.dataset.sequences import SequencesSpec
from app.domain.specs.job import JobSpec
from app.domain.specs.loss.base import Loss
from app.domain.specs.loss.quantile import QuantileLoss
from worker.publishing.program.network import Document


@dataclass(frozen=True, kw_only=True)
class Targets:
    """What the outputs of a network of numbers are for: each target has the loss's outputs."""

    #: Empty where every output is a target of its own.
    name: str = ""
    loss: Loss | None = None

    @classmethod
    def of(cls, spec: JobSpec) -> "Targets":
        match spec.dataset:
            case ForecastSpec(target=target, loss=loss):
                return cls(name=target, loss=loss)
            case SequencesSpec(label=label):
                return cls(name=label, loss=spec.dataset.loss_of_numbers)
            case _:
                return cls()

    def split(self, row: Sequence[float], names: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Yields the values, and the quantiles, of each target of one row of outputs."""
        if self.loss is None:
            yield {"values": dict(zip(names, row, strict=True))}
            return
        size = self.loss.outputs_per_target
        for first in range(0, len(row), size):
            outputs = row[first : first + size]
            found: dict[str, Any] = {"values": {self.name: outputs[self.loss.point_output]}}
            if isinstance(self.loss, QuantileLoss):
                levels = (f"{level:g}" for level in self.loss.levels)
                found["quantiles"] = {self.name: dict(zip(levels, outputs, strict=True))}
            yield found


def answer_rows(
    spec: JobSpec,
    description: Document,
    examples: Sequence[Document],
    outputs: Sequence[Document],
) -> Iterator[PredictedRow]:
    """Yields the predictions for each example, in order."""
    answer = description["output"]
    targets = Targets.of(spec)
    is_forecast = bool((description["csv"] or {}).get("steps_ahead"))
    for example, output in zip(examples, outputs, strict=True):
        numbers = example.get("row_numbers")
        times = output.get("timestamps")
        for place, row in enumerate(output["rows"]):
            parts = (
                [_class_of(row, answer["classes"])]
                if answer["kind"] == "classes"
                else targets.split(row, answer["names"])
            )
            for ahead, found in enumerate(parts, start=1):
                if is_forecast:
                    position: Mapping[str, Any] = {
                        "steps_ahead": ahead,
                        "timestamp": times[ahead - 1] if times else None,
                    }
                elif answer["per"] == "timestep":
                    position = {
                        "row": numbers[place] if numbers else None,
                        "timestep": place + 1,
                        "timestamp": times[place] if times else None,
                    }
                else:
                    position = {"row": numbers[-1] if numbers else None}
                # without a check of each value, since there may be 100,000 rows
                yield PredictedRow.model_construct(
                    series=example.get("series"), **position, **found
                )


def _class_of(row: Sequence[float], classes: Sequence[str | None]) -> dict[str, Any]:
    """The most probable class, and the probability of each; the class None is the empty name."""
    best = max(range(len(row)), key=row.__getitem__)
    named = ("" if each is None else each for each in classes)
    return {"label": classes[best], "probabilities": dict(zip(named, row, strict=True))}
