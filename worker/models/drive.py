"""Scales recurrent matrices for the input that the data gives the units.

Shapes: T timesteps, B sequences, I inputs, H hidden units.
"""

import torch
from torch import Tensor

from app.domain.specs.init.base import DataDependentInit
from worker.cells.layer import Layer
from worker.models.layers import read_layer
from worker.models.network import SequenceModel


def scale_to_drive_(
    model: SequenceModel, init: DataDependentInit, x_TBI: Tensor, lengths_B: Tensor | None
) -> None:
    """Multiply each recurrent matrix by its gain, layer by layer from the bottom."""
    with torch.no_grad():
        for index in range(len(model.layers)):
            layer = model.layer(index)
            for suffix in ("", "_reverse") if layer.bidirectional else ("",):
                drive = _second_moment(layer, suffix, x_TBI, lengths_B)
                gain = init.gain(nonlinearity=model.nonlinearity, drive=drive)
                getattr(layer, f"weight_hh_l0{suffix}").mul_(gain)
            x_TBI = read_layer(layer, x_TBI, lengths_B=lengths_B, chunking=None)


def _second_moment(layer: Layer, suffix: str, x_TBI: Tensor, lengths_B: Tensor | None) -> float:
    """Mean square of the input side's pre-activations over units, sequences and valid timesteps."""
    weight_HI, bias_H = (getattr(layer, f"{name}_ih_l0{suffix}") for name in ("weight", "bias"))
    drive_TB = (x_TBI @ weight_HI.T + bias_H).double().square().mean(dim=2)
    if lengths_B is None:
        return float(drive_TB.mean())
    t_T1 = torch.arange(len(drive_TB), device=drive_TB.device)[:, None]
    return float(drive_TB[t_T1 < lengths_B].mean())
