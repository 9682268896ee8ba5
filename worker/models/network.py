"""A stack of recurrent layers with dropout between them, and a linear read-out.

Shapes: T timesteps, B sequences, I inputs, H hidden units, D directions, O outputs.
"""

import copy
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from app.domain.specs.model import ModelSpec
from app.domain.task import TaskFacts
from worker.cells import make_layer
from worker.cells.layer import Layer, as_layer
from worker.models.layers import Chunking, read_layer


class SequenceModel(nn.Module):
    """Its tensors are named as in one torch module of all layers: `rnn.weight_hh_l1_reverse`."""

    def __init__(
        self, spec: ModelSpec, *, input_size: int, output_size: int, many_to_one: bool
    ) -> None:
        super().__init__()
        self.kind: str = spec.kind
        self.card = spec.card
        self.nonlinearity = spec.nonlinearity
        self.dropout = spec.dropout
        self.many_to_one = many_to_one
        self.hidden_size = spec.hidden_size
        self.bidirectional = spec.bidirectional
        width = spec.hidden_size * (1 + spec.bidirectional)
        sizes = [input_size] + [width] * (spec.num_layers - 1)
        self.layers = nn.ModuleList(make_layer(spec, size) for size in sizes)
        self.readout = nn.Linear(width, output_size)

    def forward(
        self,
        x_TBI: Tensor,
        lengths_B: Tensor | None = None,
        *,
        dropout_generator: torch.Generator | None = None,
        chunking: Chunking | None = None,
    ) -> Tensor:
        """Outputs (B, O) for many-to-one, else (T, B, O). Dropout is off without a generator."""
        for index in range(len(self.layers)):
            if index and dropout_generator is not None and self.dropout > 0:
                x_TBI = x_TBI * self._mask(x_TBI, dropout_generator)
            x_TBI = read_layer(self.layer(index), x_TBI, lengths_B=lengths_B, chunking=chunking)
        outputs: Tensor = self.readout(
            self.last_state(x_TBI, lengths_B) if self.many_to_one else x_TBI
        )
        return outputs

    def layer(self, index: int) -> Layer:
        return as_layer(self.layers[index])

    def last_state(self, top_TBD: Tensor, lengths_B: Tensor | None) -> Tensor:
        """(B, D·H): output of each direction after it has read its whole sequence."""
        if lengths_B is None:
            last_BD = top_TBD[-1]
        else:
            last_BD = top_TBD[
                lengths_B - 1, torch.arange(lengths_B.shape[0], device=top_TBD.device)
            ]
        if not self.bidirectional:
            return last_BD
        return torch.cat(
            [last_BD[:, : self.hidden_size], top_TBD[0, :, self.hidden_size :]], dim=-1
        )

    def named_tensors(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Trained tensors, bottom layer first, under the names of a multi-layer torch module."""
        for index, layer in enumerate(self.layers):
            for name, parameter in layer.named_parameters():
                yield f"rnn.{name.replace('_l0', f'_l{index}')}", parameter
        for name, parameter in self.readout.named_parameters():
            yield f"readout.{name}", parameter

    def copied(self) -> "SequenceModel":
        """An independent copy with the same weights.

        cuDNN reads the weights of a layer from one piece of memory, where deepcopy gives each
        tensor its own; without this every call would gather them anew.
        """
        twin = copy.deepcopy(self)
        for layer in twin.layers:
            if isinstance(layer, nn.RNNBase):
                layer.flatten_parameters()
        return twin

    def _mask(self, x_TBI: Tensor, generator: torch.Generator) -> Tensor:
        keep = 1 - self.dropout
        mask = torch.empty_like(x_TBI).bernoulli_(keep, generator=generator)
        return mask.div_(keep)


def build_model(spec: ModelSpec, facts: TaskFacts) -> SequenceModel:
    return SequenceModel(
        spec,
        input_size=facts.input_size,
        output_size=facts.output_size,
        many_to_one=facts.many_to_one,
    )
