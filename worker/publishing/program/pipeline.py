"""From rows of numbers to the input of the network, and from its outputs to the units of the data.

What is done is said by `input` and `output` of model.json. A forecast transforms its first column,
the target, scales all columns and appends a calendar. The transforms are undone, in reverse order,
from the last values of the first column.
Shapes: n rows, T timesteps, I inputs, O outputs, H timesteps ahead, Q outputs for each.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from worker.publishing.program.calendars import calendar_of
from worker.publishing.program.network import Document, Unusable, named


def encode(reading: Document, example: Document) -> Tensor:
    """(T, I) the input of the network for one example."""
    timesteps = example["timesteps"]
    if reading["kind"] == "symbols":
        places = {symbol: place for place, symbol in enumerate(reading["symbols"])}
        codes = [places[each] if each in places else places[None] for each in timesteps]
        return nn.functional.one_hot(torch.tensor(codes), len(places)).double()
    refuse_without_logarithm(reading, example)
    target_T = levels_of(reading, example)[-1].values_T
    columns = float64(timesteps)[-len(target_T) :]
    columns[:, 0] = target_T
    mean, std = scale_of(reading, example)
    scaled_TI = (columns - mean) / std
    if reading.get("calendar"):
        calendar = calendar_of(reading["calendar"], example, len(target_T))
        scaled_TI = torch.cat([scaled_TI, float64(calendar)], dim=1)
    return scaled_TI.float().double()


def in_units(description: Document, outputs_TO: Tensor, example: Document) -> Tensor:
    """(T, O) what the outputs of the network mean: numbers in the units of the data."""
    answer = description["output"]
    mean, std = scale_of(answer, example)
    if answer["link"] == "exp":
        rate_TO: Tensor = outputs_TO.exp() * mean
        return rate_TO
    values_TO: Tensor = outputs_TO * std + mean
    if not answer.get("transform"):
        return values_TO
    values_HQ: Tensor = values_TO.unflatten(-1, (answer["steps_ahead"], -1))[0]
    for level in reversed(levels_of(answer, example)):
        values_HQ = level.undone(values_HQ)
    return values_HQ.reshape(1, -1)


def scale_of(part: Document, example: Document) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each column, that of the window for the first one if asked."""
    scaling = scaling_of(part, example)
    mean, std = float64(scaling["mean"]), float64(scaling["std"])
    own = part.get("window_scaling")
    if own:
        learned_T = levels_of(part, example)[-1].values_T
        least, least_std = own["min_share"] * mean[0], own["min_share"] * std[0]
        own_mean = learned_T.mean()
        mean[0] = own_mean.clamp(min=least) if own["is_mean_bounded"] else own_mean
        std[0] = learned_T.std(correction=0).clamp(min=least_std)
    return mean, std


@dataclass(frozen=True)
class Level:
    """The values of the target before a transform, or after the last one."""

    values_T: Tensor
    #: As in the job spec; empty after the last one.
    transform: Document

    def undone(self, ahead_HQ: Tensor) -> Tensor:
        """The values whose transform is `ahead_HQ`, which follow those of this level."""
        if not self.transform:
            return ahead_HQ
        if self.transform["kind"] == "log1p":
            return torch.expm1(ahead_HQ)
        lag, known = self.transform["lag"], list(self.values_T)
        for change_Q in ahead_HQ:
            known.append(known[-lag] + change_Q)
        return torch.stack(known[len(self.values_T) :])


def levels_of(part: Document, example: Document) -> list[Level]:
    """The first column of an example before each of its transforms, and after them all.

    A model.json of an earlier release names no transform.
    """
    values_T = float64([row[0] for row in example["timesteps"]])
    levels = []
    for transform in part.get("transform", ()):
        levels.append(Level(values_T, transform))
        values_T = transformed(transform, values_T)
    return [*levels, Level(values_T, {})]


def transformed(transform: Document, values_T: Tensor) -> Tensor:
    """Raises Unusable for a transform that this program does not know."""
    if transform["kind"] == "difference":
        return values_T[transform["lag"] :] - values_T[: -transform["lag"]]
    if transform["kind"] != "log1p":
        raise Unusable(f"model.json has an unknown transform: {transform['kind']!r}")
    return torch.log1p(values_T)


def refuse_without_logarithm(reading: Document, example: Document) -> None:
    """Raises Unusable for the first value that log1p is not defined for."""
    if all(transform["kind"] != "log1p" for transform in reading.get("transform", ())):
        return
    timesteps, numbers = example["timesteps"], example.get("row_numbers")
    for place, (value, *_) in enumerate(timesteps):
        if value <= -1:
            row, column = numbers[place] if numbers else None, reading["columns"][0]
            where = f"timestep {place + 1} of {len(timesteps)}" if row is None else f"row {row}"
            detail = f"{where}, column {column!r}: log1p is for values above -1, "
            raise Unusable(f"{detail}and it is {value:g}", row=row, column=column)


def float64(values: object) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def scaling_of(part: Document, example: Document) -> Document:
    """The scaling of the example's series, or the one that all series share."""
    found: dict[str | None, Document] = {each["series"]: each for each in part["scalings"]}
    series = None if None in found else example.get("series")
    if series not in found:
        raise Unusable(f"the network knows no series {series!r}; it knows {named(found)}")
    return found[series]
