"""Predict with the network whose files lie beside this one; needs torch and safetensors alone.

    python predict.py --check               do the golden inputs give the golden outputs?
    python predict.py data.csv              a table with the columns that model.json names
    python predict.py data.jsonl            the same rows, a JSON object in each line
    python predict.py data.json             {"rows": [{"column": 1.5, …}, …]}, or as timesteps:
                                            {"inputs": [{"timesteps": [[0.5, 1.0], …]}, …]}
    python predict.py text.txt --sample 200 for a network that reads characters: go on with it

`--weights best` takes the weights of the best evaluation. What goes in is transformed, scaled
and rounded to float32 as in training; all else is computed in float64. A table is read as the file
that the network was trained on: with its delimiter, decimal sign, dates, missing marks and time
zone. The answer is JSON on standard output, with the timestamps of the values of a forecast.

A file that cannot be used is refused with one line on standard error, which names row and column,
and exit code 2. Exit code 1: --check found a difference.
Shapes: T timesteps, I inputs, H hidden units, G rows of the weights, D directions, O outputs.
"""

import argparse
import io
import json
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from worker.publishing.program.inputs import json_example, read_examples
from worker.publishing.program.network import (
    Document,
    Network,
    Unusable,
    load_weights,
    one_line,
)
from worker.publishing.program.pipeline import encode, float64, in_units
from worker.publishing.program.times import times_after

HERE = Path(__file__).resolve().parent
MODEL, BEST = "model.safetensors", "best.safetensors"
SHORT_NAMES = {"final": MODEL, "best": BEST}
#: The newest format of model.json that this program reads.
NEWEST_FORMAT = 1
#: Parts of model.json, and what is read of each.
PARTS = {
    "model": ("input_size", "hidden_size", "num_layers", "bidirectional", "many_to_one"),
    "cell": ("module", "arguments", "blocks", "states", "equations"),
    "tensors": (),
    "input": ("kind", "min_timesteps", "max_timesteps"),
    "output": ("kind", "meaning", "per"),
}
MAX_SEED = 2**63 - 1
#: Exit codes.
DIFFERS, REFUSED = 1, 2


def predict(network: Network, description: Document, example: Document) -> list[list[float]]:
    """Rows of numbers in the units of the data, or of probabilities, one a class."""
    logits_TO = network.outputs(encode(description["input"], example))
    if description["output"]["kind"] == "classes":
        rows_TO = torch.softmax(logits_TO, dim=-1)
    else:
        rows_TO = in_units(description, logits_TO, example)
    return list(rows_TO.tolist())


def sample(
    network: Network, description: Document, example: Document, *, count: int, seed: int
) -> str:
    """The next `count` characters, each drawn with the probability that the network gives it."""
    if description["input"]["kind"] != "symbols" or description["output"]["kind"] != "classes":
        raise Unusable("--sample is for a network that reads and predicts characters")
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


def outputs_of(
    network: Network, description: Document, examples: Sequence[Document]
) -> list[Document]:
    """The predictions for each example. Raises Unusable if one of them is not finite.

    `timestamps` are those of the timesteps, or of the values that a forecast predicts; None where
    the steps of the window differ, so that the times that follow are not known.
    """
    outputs = []
    for number, example in enumerate(examples, start=1):
        rows = predict(network, description, example)
        if not all(math.isfinite(value) for row in rows for value in row):
            raise Unusable(
                f"the prediction for sequence {number} overflows: its values are too far"
            )
        output: Document = {"series": example.get("series"), "rows": rows}
        if "moments" in example and description["output"]["per"] == "timestep":
            output["timestamps"] = [moment.at(moment.value) for moment in example["moments"]]
        elif "moments" in example and (count := description["csv"]["steps_ahead"]):
            later = example.get("moments_ahead", ())[:count]
            told = [moment.at(moment.value) for moment in later]
            output["timestamps"] = told or times_after(example["moments"], count)
        outputs.append(output)
    return outputs


def read_document(name: str) -> Document:
    try:
        document = json.loads((HERE / name).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise Unusable(f"{name} beside this program cannot be read: {one_line(error)}") from error
    if not isinstance(document, dict):
        raise Unusable(f"{name} beside this program is damaged: it is no JSON object")
    return document


def read_description() -> Document:
    """model.json. Raises Unusable where it is damaged, or newer than this program."""
    description = read_document("model.json")
    found = description.get("format")
    if isinstance(found, int) and found > NEWEST_FORMAT:
        raise Unusable(
            f"model.json has the format {found}, and this program reads none above "
            f"{NEWEST_FORMAT}; take the predict.py of the same run"
        )
    for part, names in PARTS.items():
        content = description.get(part)
        lacking = [name for name in names if not isinstance(content, dict) or name not in content]
        if lacking or not isinstance(content, dict):
            place = "".join(f"/{each}" for each in (part, *lacking[:1]))
            raise Unusable(f"model.json beside this program is damaged: it lacks {place}")
    return description


def check(description: Document) -> int:
    """Whether every set of weights makes the golden outputs of the golden inputs."""
    golden = read_document("golden.json")
    worst = 0.0
    try:
        for name, outputs in golden["outputs"].items():
            network = Network(description, load_weights(HERE / name, description))
            for given, expected in zip(golden["inputs"], outputs, strict=True):
                example = json_example(given, description["input"], "golden.json")
                rows = float64(predict(network, description, example))
                distance = (rows - float64(expected["rows"])).abs().max() / expected["tolerance"]
                worst = max(worst, float(distance.nan_to_num(nan=float("inf"))))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unusable(f"golden.json beside this program is damaged: {one_line(error)}") from error
    say(f"largest difference: {worst:.3g} of the tolerance")
    return 0 if worst <= 1 else DIFFERS


def run(asked: argparse.Namespace) -> int:
    description = read_description()
    if asked.check:
        return check(description)
    weights = SHORT_NAMES.get(asked.weights, asked.weights)
    network = Network(description, load_weights(HERE / weights, description))
    examples = read_examples(asked.input, description)
    if asked.sample is not None:
        said = sample(network, description, examples[0], count=asked.sample, seed=asked.seed)
    else:
        answer = {**description["output"], "outputs": outputs_of(network, description, examples)}
        for name in ("scalings", "transform", "window_scaling", "steps_ahead"):
            answer.pop(name, None)
        said = json.dumps(answer, ensure_ascii=False, indent=1)
    say(said)
    return 0


def say(text: str) -> None:
    """Raises Unusable where the reader of the output is gone, or the disk is full."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except OSError as error:
        # the interpreter would flush it again at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise Unusable(f"the answer cannot be written: {error.strerror}") from error


def count_of(text: str) -> int:
    count = int(text)
    if not 0 <= count <= MAX_SEED:
        raise ValueError(text)
    return count


def main(arguments: Sequence[str] | None = None) -> int:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("input", nargs="?", type=Path, help="a CSV, JSON or text file")
    parser.add_argument("--check", action="store_true", help="compare with golden.json")
    parser.add_argument(
        "--weights",
        metavar="best|final|FILE",
        default=MODEL if (HERE / MODEL).exists() else BEST,
        help="default: the final ones, or the best ones where there are no others",
    )
    parser.add_argument("--sample", type=count_of, metavar="N", help="write N more characters")
    parser.add_argument(
        "--seed", type=count_of, default=0, help="of --sample; the same seed, the same text"
    )
    asked = parser.parse_args(arguments)
    if asked.input is None and not asked.check:
        parser.error("name a file, or --check")
    try:
        return run(asked)
    except Unusable as error:
        sys.stderr.write(f"predict.py: error: {error}\n")
        return REFUSED


if __name__ == "__main__":
    sys.exit(main())
