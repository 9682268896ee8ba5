"""Small networks, and samples to look at them with."""

import math
from collections.abc import Collection, MutableMapping, Sequence

import torch
from pydantic import TypeAdapter
from torch import Tensor

from app.domain.specs.model import ModelSpec
from app.domain.specs.model.cell import Nonlinearity
from app.domain.telemetry import ProbeGap, ScalarReading, of_kind
from worker.models.network import SequenceModel
from worker.probes.card import Look
from worker.replay.sample import ProbeSample, ReplayableNetwork


def network_of(
    kind: str = "elman",
    *,
    activation: Nonlinearity = "tanh",
    sizes: tuple[int, int, int] = (2, 5, 3),
    num_layers: int = 1,
    bidirectional: bool = False,
    many_to_one: bool = True,
) -> SequenceModel:
    """Sizes are (inputs, hidden units, outputs); weights start as torch starts them."""
    input_size, hidden_size, output_size = sizes
    form: dict[str, object] = {
        "kind": kind,
        "hidden_size": hidden_size,
        "num_layers": num_layers,
        "bidirectional": bidirectional,
    }
    if kind == "elman":
        form["activation"] = activation
    spec: ModelSpec = TypeAdapter[ModelSpec](ModelSpec).validate_python(form)
    return SequenceModel(
        spec, input_size=input_size, output_size=output_size, many_to_one=many_to_one
    )


def squared_errors(outputs_NO: Tensor, targets_NO: Tensor) -> Tensor:
    return (outputs_NO - targets_NO).square().sum(dim=-1)


def sample_for(
    network: SequenceModel, *, num_timesteps: int, batch_size: int, varied: bool = False
) -> ProbeSample:
    weight = network.readout.weight
    input_size = next(iter(network.layers[0].parameters())).shape[1]
    x_TBI = torch.randn(num_timesteps, batch_size, input_size, dtype=weight.dtype)
    lead = (batch_size,) if network.many_to_one else (num_timesteps, batch_size)
    lengths_B = torch.randint(num_timesteps // 2, num_timesteps + 1, (batch_size,))
    return ProbeSample(
        x_TBI=x_TBI,
        lengths_B=lengths_B if varied else None,
        targets=torch.randn(*lead, weight.shape[0], dtype=weight.dtype),
        loss_terms=squared_errors,
    )


def look_at(
    network: ReplayableNetwork,
    sample: ProbeSample,
    *,
    step: int = 0,
    wanted: Collection[str] = (),
    required_lag: int | None = None,
    bptt_length: int | None = None,
    seed: int = 0,
    kept: MutableMapping[str, Tensor] | None = None,
) -> Look:
    return Look(
        model=network,
        sample=sample,
        step=step,
        wanted=frozenset(wanted),
        required_lag=required_lag,
        bptt_length=bptt_length,
        seed=seed,
        max_anchors=128,
        kept={} if kept is None else kept,
    )


def orthogonal_network(hidden_size: int, radius: float, *, dtype: torch.dtype) -> SequenceModel:
    """Linear Elman network whose recurrent matrix is radius × a random orthogonal one."""
    network = network_of(activation="linear", sizes=(2, hidden_size, 3)).to(dtype)
    with torch.no_grad():
        orthogonal = torch.linalg.qr(torch.randn(hidden_size, hidden_size).double())[0]
        named = dict(network.layers[0].named_parameters())
        named["weight_hh_l0"].copy_(radius * orthogonal)
        named["weight_ih_l0"].div_(math.sqrt(hidden_size))
    return network


def read(found: Sequence[ScalarReading | ProbeGap]) -> list[ScalarReading]:
    """All that a probe found, where nothing could not be measured."""
    readings = of_kind(ScalarReading, found)
    assert len(readings) == len(found), found
    return list(readings)
