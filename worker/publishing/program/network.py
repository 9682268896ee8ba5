"""The trained network in float64, from model.json and the files of weights.

Shapes: T timesteps, I inputs, H hidden units, G rows of the weights, D directions, O outputs.
"""

import ast
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import CodeType
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

#: A part of model.json, golden.json or an input file.
Document = dict[str, Any]

WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
#: What the equations of a cell may use.
FUNCTIONS = {"__builtins__": {}, "sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu}
ARITHMETIC = (ast.Expression, ast.BinOp, ast.operator, ast.Constant, ast.Call, ast.Name, ast.Load)
#: Most names that one message lists.
MAX_NAMED = 10


class Unusable(Exception):
    """A file is missing, or its content is not what this network reads."""

    def __init__(self, detail: str, *, row: int | None = None, column: str | None = None) -> None:
        """`row` and `column` are the place in a table, which the detail names too."""
        super().__init__(detail)
        self.row = row
        self.column = column


class Network:
    """Recurrent layers and the linear read-out, with one set of weights."""

    def __init__(self, description: Document, weights: Mapping[str, Tensor]) -> None:
        self._facts, self._cell = description["model"], description["cell"]
        self._equations = [compiled(equation) for equation in self._cell["equations"]]
        self._weights = {name: tensor.double() for name, tensor in weights.items()}
        self._module = self._fused() if self._cell["module"] else None

    def outputs(self, x_TI: Tensor) -> Tensor:
        """(T, O), or (1, O) where there is one output for the whole sequence."""
        with torch.no_grad():
            h_TD = self._by_equations(x_TI) if self._module is None else self._module(x_TI)[0]
            if self._facts["many_to_one"]:
                size = self._facts["hidden_size"]
                # the reverse direction has read all once it is back at the first timestep
                h_TD = torch.cat([h_TD[-1:, :size], h_TD[:1, size:]], dim=1)
            readout = (self._weights[f"readout.{part}"] for part in ("weight", "bias"))
            return nn.functional.linear(h_TD, *readout)

    def _fused(self) -> nn.Module:
        names = ("input_size", "hidden_size", "num_layers", "bidirectional")
        form = {name: self._facts[name] for name in names} | self._cell["arguments"]
        module: nn.Module = getattr(nn, self._cell["module"])(**form).double()
        layers = {name[4:]: w for name, w in self._weights.items() if name[:4] == "rnn."}
        module.load_state_dict(layers)
        return module

    def _by_equations(self, x_TI: Tensor) -> Tensor:
        for layer in range(self._facts["num_layers"]):
            halves = [self._read(x_TI, f"l{layer}")]
            if self._facts["bidirectional"]:
                halves.append(self._read(x_TI.flip(0), f"l{layer}_reverse").flip(0))
            x_TI = torch.cat(halves, dim=1)
        return x_TI

    def _read(self, x_TI: Tensor, suffix: str) -> Tensor:
        """(T, H) of one direction of one layer, timestep by timestep."""
        w_ih, w_hh, b_ih, b_hh = (self._weights[f"rnn.{each}_{suffix}"] for each in WEIGHTS)
        names = [f"{side}_{block}" for side in "xh" for block in self._cell["blocks"]]
        known = {state: w_hh.new_zeros(w_hh.shape[1]) for state in self._cell["states"]}
        outputs = []
        for input_G in x_TI @ w_ih.T + b_ih:
            rows = torch.cat([input_G, w_hh @ known["h"] + b_hh])
            known |= zip(names, rows.chunk(len(names)), strict=True)
            for name, code in self._equations:
                known[name] = eval(code, FUNCTIONS, known)  # noqa: S307 - arithmetic: see compiled
            outputs.append(known["h"])
        return torch.stack(outputs)


def compiled(equation: str) -> tuple[str, CodeType]:
    """The name that an equation defines, and its expression, which is arithmetic alone."""
    name, expression = equation.split(" = ")
    tree = ast.parse(expression, mode="eval")
    if not all(isinstance(node, ARITHMETIC) for node in ast.walk(tree)):
        raise Unusable(f"model.json has an equation that is not arithmetic: {equation}")
    return name, compile(tree, "model.json", "eval")


def load_weights(path: Path, description: Document) -> dict[str, Tensor]:
    """Raises Unusable if the file does not have the tensors of this network."""
    try:
        weights: dict[str, Tensor] = load_file(path)
    except FileNotFoundError as error:
        raise Unusable(f"there is no file of weights {str(path)!r}") from error
    except (OSError, SafetensorError) as error:
        raise Unusable(f"{str(path)!r} is not a file of weights: {one_line(error)}") from error
    for name, tensor in description["tensors"].items():
        found = list(weights[name].shape) if name in weights else "nothing"
        if found != tensor["shape"]:
            raise Unusable(
                f"{str(path)!r} has other weights than this network: {name} has the shape "
                f"{tensor['shape']}, and there is {found}"
            )
    return weights


def one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def named(names: Iterable[object]) -> str:
    """The names, of which the first ten are listed."""
    known = [repr(name) for name in names]
    more = f" and {len(known) - MAX_NAMED} more" if len(known) > MAX_NAMED else ""
    return ", ".join(known[:MAX_NAMED]) + more
