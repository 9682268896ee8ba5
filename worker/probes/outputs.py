"""Measures the network's answers to training sequences: their spread, and where the loss lies."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from app.domain.quantities.probe import ProbeName
from app.domain.quantities.quantity import Cadence, Quantity
from app.domain.scopes import Scope
from app.domain.telemetry import ProbeGap, ScalarReading
from worker.probes.card import Look, ProbeCard
from worker.replay.sample import ProbeSample, ReplayableNetwork
from worker.replay.states import run_layer

SPREAD, SHARE = "prediction_spread", "loss_share_of_few"
LARGEST, LARGEST_TARGET, RECALL = "predicted_class_share", "target_class_share", "least_recall"
#: The loss terms that count as few.
FEW = 0.05
Found = ScalarReading | ProbeGap


def measure_outputs(look: Look) -> tuple[Found, ...]:
    """Measures on training sequences. Targets that are whole numbers are classes."""
    sample = look.training
    if sample is None:
        return _gaps(look, "no training sequences were given")
    outputs_NO, targets_N = _counted(look.model, sample)
    if not outputs_NO.numel() or not bool(outputs_NO.isfinite().all()):
        return _gaps(look, "the outputs are not finite, or no loss term counts")
    terms_N = sample.loss_terms(outputs_NO, targets_N).double()
    of_kind = _of_numbers if targets_N.is_floating_point() else _of_classes
    return (*_share_of_few(look, terms_N), *of_kind(look, outputs_NO.double(), targets_N))


def _gaps(look: Look, reason: str) -> tuple[Found, ...]:
    names = (SHARE, SPREAD, LARGEST, LARGEST_TARGET, RECALL)
    return tuple(look.gap(name, Scope.model(), reason) for name in names)


def _counted(model: ReplayableNetwork, sample: ProbeSample) -> tuple[Tensor, Tensor]:
    """(N, O) outputs and (N, …) targets of the loss terms that count."""
    with torch.no_grad():
        top_TBD = sample.x_TBI
        for layer in model.layers:
            top_TBD = run_layer(layer, top_TBD, sample.lengths_B)
        lengths_B = sample.valid_lengths()
        if model.many_to_one:
            return model.readout(_last(model, top_TBD, lengths_B)), sample.targets
        outputs_TBO = model.readout(top_TBD)
    t_T1 = torch.arange(outputs_TBO.shape[0], device=lengths_B.device)[:, None]
    counted_TB = t_T1 < lengths_B
    if sample.counted_TB is not None:
        counted_TB = counted_TB & sample.counted_TB
    return outputs_TBO[counted_TB], sample.targets[counted_TB]


def _last(model: ReplayableNetwork, top_TBD: Tensor, lengths_B: Tensor) -> Tensor:
    """(B, D·H) output of each direction after it has read its whole sequence."""
    rows_B = torch.arange(lengths_B.shape[0], device=lengths_B.device)
    last_BD = top_TBD[lengths_B - 1, rows_B]
    hidden_size = next(iter(model.layers.parameters())).shape[0] // len(model.card.blocks)
    if last_BD.shape[1] == hidden_size:
        return last_BD
    return torch.cat([last_BD[:, :hidden_size], top_TBD[0, :, hidden_size:]], dim=1)


def _share_of_few(look: Look, terms_N: Tensor) -> Iterator[Found]:
    """Yields the share of the loss in the largest of its terms; losses below 0 have none."""
    total = float(terms_N.sum())
    if not math.isfinite(total) or total <= 0 or float(terms_N.min()) < 0:
        yield look.gap(SHARE, Scope.model(), "the loss is 0, below 0 or not finite")
        return
    few = max(1, math.ceil(FEW * terms_N.numel()))
    yield look.reading(SHARE, Scope.model(), float(terms_N.topk(few).values.sum()) / total)


def _of_numbers(look: Look, outputs_NO: Tensor, targets_N: Tensor) -> Iterator[Found]:
    targets_NK = targets_N.double().reshape(targets_N.shape[0], -1)
    scale = float(targets_NK.var(dim=0, correction=0).mean())
    if scale <= 0:
        yield look.gap(SPREAD, Scope.model(), "the targets are all the same")
        return
    spread = float(outputs_NO.var(dim=0, correction=0).mean())
    yield look.reading(SPREAD, Scope.model(), math.sqrt(spread / scale))


def _of_classes(look: Look, outputs_NO: Tensor, targets_N: Tensor) -> Iterator[Found]:
    num_classes = outputs_NO.shape[1]
    chosen_N = outputs_NO.argmax(dim=1)
    chosen_O, true_O = (torch.bincount(one, minlength=num_classes) for one in (chosen_N, targets_N))
    right_O = torch.bincount(targets_N[chosen_N == targets_N], minlength=num_classes)
    is_there_O = true_O > 0
    recalls = right_O[is_there_O].double() / true_O[is_there_O]
    yield look.reading(LARGEST, Scope.model(), float(chosen_O.max()) / chosen_N.numel())
    yield look.reading(LARGEST_TARGET, Scope.model(), float(true_O.max()) / targets_N.numel())
    yield look.reading(RECALL, Scope.model(), float(recalls.min()))


def _quantity(name: str, formula: str, *, source: str = "measured") -> Quantity:
    return Quantity(
        name=name,
        unit="1",
        formula=formula,
        reduction="over the loss terms of training sequences, as many as the sample has",
        cost="a forward pass over the sample",
        source=source,
        cadence=Cadence.PROBE,
    )


CARD = ProbeCard(
    quantities=(
        _quantity(
            SPREAD, "standard deviation of the outputs / of the targets; 0 = one constant answer"
        ),
        _quantity(SHARE, "share of the loss that lies in its largest 5 % of terms"),
        _quantity(LARGEST, "share of the class that is answered most often; 1 = always the same"),
        _quantity(LARGEST_TARGET, "share of the most frequent class among the targets"),
        _quantity(RECALL, "least recall of a class that occurs", source="Brodersen et al. 2010"),
    ),
    names=(
        ProbeName(name=SPREAD, tier="standard", needs="targets that are numbers"),
        ProbeName(name=SHARE, tier="standard"),
        *(
            ProbeName(name=name, tier="standard", needs="targets that are classes")
            for name in (LARGEST, LARGEST_TARGET, RECALL)
        ),
    ),
    measure=measure_outputs,
)
