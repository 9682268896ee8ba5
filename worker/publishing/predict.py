"""Predict with the network whose files lie beside this one; needs torch and safetensors alone.

    python predict.py --check               do the golden inputs give the golden outputs?
    python predict.py data.csv              a table with the columns that model.json names
    python predict.py data.json             {"inputs": [{"timesteps": [[0.5, 1.0], …]}, …]}
    python predict.py text.txt --sample 200 for a network that reads characters: go on with it

`--weights best.safetensors` takes the weights of the best evaluation. What goes in is scaled and
rounded to float32 as in training; all else is computed in float64.

Shapes: T timesteps, I inputs, H hidden units, G rows of the weights, D directions, O outputs.
"""

import argparse
import ast
import csv
import io
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import CodeType
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

#: A part of model.json, golden.json or an input file.
Document = dict[str, Any]

HERE = Path(__file__).resolve().parent
MODEL, BEST = "model.safetensors", "best.safetensors"
#: Cells of a CSV that say "nothing was measured here".
MISSING = {"", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"}
DELIMITERS = ",;\t|"
WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
#: What the equations of a cell may use.
FUNCTIONS = {"__builtins__": {}, "sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu}
ARITHMETIC = (ast.Expression, ast.BinOp, ast.operator, ast.Constant, ast.Call, ast.Name, ast.Load)


class Unusable(Exception):
    """The input is not what this network reads."""


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


def predict(network: Network, description: Document, example: Document) -> list[list[float]]:
    """Rows of numbers in the units of the data, or of probabilities, one a class."""
    logits_TO = network.outputs(encode(description["input"], example))
    answer = description["output"]
    if answer["kind"] == "classes":
        rows_TO = torch.softmax(logits_TO, dim=-1)
    else:
        scaling = scaling_of(answer, example)
        rows_TO = logits_TO * float64(scaling["std"]) + float64(scaling["mean"])
    return list(rows_TO.tolist())


def encode(reading: Document, example: Document) -> Tensor:
    """(T, I) the input of the network for one example."""
    timesteps = example["timesteps"]
    if reading["kind"] == "symbols":
        places = {symbol: place for place, symbol in enumerate(reading["symbols"])}
        try:
            codes = [places[each] if each in places else places[None] for each in timesteps]
        except KeyError as error:
            raise Unusable(f"the symbols are {', '.join(map(repr, reading['symbols']))}") from error
        return nn.functional.one_hot(torch.tensor(codes), len(places)).double()
    width = len(reading["columns"])
    if any(len(row) != width for row in timesteps):
        raise Unusable(f"a timestep has {width} numbers: {', '.join(reading['columns'])}")
    scaling = scaling_of(reading, example)
    scaled_TI = (float64(timesteps) - float64(scaling["mean"])) / float64(scaling["std"])
    return scaled_TI.float().double()


def float64(values: object) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def scaling_of(part: Document, example: Document) -> Document:
    """The scaling of the example's series, or the one that all series share."""
    found: dict[str | None, Document] = {each["series"]: each for each in part["scalings"]}
    series = None if None in found else example.get("series")
    if series not in found:
        raise Unusable(f"the network knows the series {', '.join(map(repr, found))}")
    return found[series]


def read_examples(path: Path, description: Document) -> list[Document]:
    """Sequences of a file, each cut to the timesteps that the network reads."""
    if path.suffix == ".json":
        document = json.loads(path.read_text(encoding="utf-8"))
        found = document["inputs"] if isinstance(document, dict) else document
        examples = [each if isinstance(each, dict) else {"timesteps": list(each)} for each in found]
    elif description["input"]["kind"] == "numbers":
        examples = read_csv(path.read_bytes().decode("utf-8-sig"), description)
    else:
        examples = [{"timesteps": list(path.read_bytes().decode("utf-8-sig"))}]
    return [cut(example, description["input"]) for example in examples]


def cut(example: Document, reading: Document) -> Document:
    least, most = reading["min_timesteps"], reading["max_timesteps"]
    timesteps = example["timesteps"]
    if len(timesteps) < least:
        raise Unusable(f"a sequence has {len(timesteps)} timesteps, fewer than {least}")
    return {**example, "timesteps": timesteps[-most:] if most else timesteps}


def read_csv(text: str, description: Document) -> list[Document]:
    """One sequence for each group of rows, read as in training."""
    columns = description["input"]["columns"]
    layout = description["csv"] or {"group_column": None, "order_column": None, "missing": "reject"}
    group, order = layout["group_column"], layout["order_column"]
    needed = {*columns, *(name for name in (group, order) if name)}
    groups: dict[str | None, list[dict[str, str]]] = {}
    for row in rows_of(text, needed):
        groups.setdefault(label_of(row[group], description) if group else None, []).append(row)
    examples = []
    for label, rows in groups.items():
        if order:
            rows.sort(key=lambda row: moment(row[order]))
        cells = [[row[column] for column in columns] for row in rows]
        examples.append({"series": label, "timesteps": numbers_of(cells, layout["missing"])})
    return examples


def rows_of(text: str, needed: set[str]) -> list[dict[str, str]]:
    for delimiter in DELIMITERS:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        names = [name.strip() for name in next(reader, [])]
        if needed <= set(names):
            rows = [[cell.strip() for cell in row] for row in reader]
            return [dict(zip(names, row, strict=True)) for row in rows if any(row)]
    raise Unusable(f"the table needs the columns {', '.join(sorted(needed))}")


def label_of(cell: str, description: Document) -> str:
    """The name of a series as in training: numbers are written with 17 digits."""
    known = {each["series"] for each in description["input"]["scalings"]}
    try:
        return cell if known & {cell, None} else f"{float(cell):.17g}"
    except ValueError:
        return cell


def moment(cell: str) -> float:
    """A number, or seconds since 1970 UTC of an ISO date."""
    try:
        return float(cell)
    except ValueError:
        date = re.sub(r"-(\d)(?!\d)", r"-0\1", cell.replace("/", "-"))
    parsed = datetime.fromisoformat(date + "-01" * bool(re.fullmatch(r"\d{4}-\d\d", date)))
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


def numbers_of(rows: Iterable[Sequence[str]], missing: str) -> list[list[float]]:
    """Rows without gaps: missing cells are refused, dropped with their row or filled from above."""
    found: list[list[float]] = []
    latest: list[float | None] | None = None
    for cells in rows:
        row = [None if cell in MISSING else float(cell) for cell in cells]
        if missing == "forward_fill":
            row = [old if new is None else new for new, old in zip(row, latest or row, strict=True)]
            latest = row
        whole = [value for value in row if value is not None]
        if len(whole) == len(row):
            found.append(whole)
        elif missing == "reject":
            raise Unusable("a value is missing")
    return found


def sample(
    network: Network, description: Document, example: Document, *, count: int, seed: int
) -> str:
    """The next `count` characters, each drawn with the probability that the network gives it."""
    classes, most = description["output"]["classes"], description["input"]["max_timesteps"]
    generator = torch.Generator().manual_seed(seed)
    text, first = list(example["timesteps"]), len(example["timesteps"])
    for _ in range(count):
        last = {"timesteps": text[-most:] if most else text}
        weights_O = float64(predict(network, description, last)[-1])
        # the class of unknown characters stands for none
        weights_O[[place for place, each in enumerate(classes) if each is None]] = 0
        text.append(classes[int(torch.multinomial(weights_O, 1, generator=generator))])
    return "".join(text[first:])


def check(description: Document) -> int:
    """Whether every set of weights makes the golden outputs of the golden inputs."""
    golden = json.loads((HERE / "golden.json").read_text(encoding="utf-8"))
    worst = 0.0
    for name, outputs in golden["outputs"].items():
        network = Network(description, load_file(HERE / name))
        for example, expected in zip(golden["inputs"], outputs, strict=True):
            rows = float64(predict(network, description, example))
            distance = (rows - float64(expected["rows"])).abs().max() / expected["tolerance"]
            worst = max(worst, float(distance.nan_to_num(nan=float("inf"))))
    sys.stdout.write(f"largest difference: {worst:.3g} of the tolerance\n")
    return 0 if worst <= 1 else 1


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("input", nargs="?", type=Path, help="a CSV, JSON or text file")
    parser.add_argument("--check", action="store_true", help="compare with golden.json")
    parser.add_argument("--weights", default=MODEL if (HERE / MODEL).exists() else BEST)
    parser.add_argument("--sample", type=int, metavar="N", help="write N more characters")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    description = json.loads((HERE / "model.json").read_text(encoding="utf-8"))
    if asked.check:
        return check(description)
    if asked.input is None:
        parser.error("name a file, or --check")
    network = Network(description, load_file(HERE / asked.weights))
    try:
        examples = read_examples(asked.input, description)
        if asked.sample is not None:
            text = sample(network, description, examples[0], count=asked.sample, seed=asked.seed)
            sys.stdout.write(text + "\n")
            return 0
        outputs = [
            {"series": each.get("series"), "rows": predict(network, description, each)}
            for each in examples
        ]
    except Unusable as error:
        parser.error(str(error))
    answer = {**description["output"], "outputs": outputs}
    answer.pop("scalings", None)
    sys.stdout.write(json.dumps(answer, ensure_ascii=False, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
