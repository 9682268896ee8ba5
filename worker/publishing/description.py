"""model.json: how to feed the network, what its tensors are called, and what its outputs mean."""

from collections.abc import Mapping
from dataclasses import asdict

from pydantic import JsonValue
from torch import Tensor

from app.domain.specs.job import JobSpec
from app.domain.task import TaskFacts
from worker.datasets.usage import Usage
from worker.models.network import SequenceModel

#: Version of the document; `NEWEST_FORMAT` of predict.py is the same.
FORMAT = 1
_NAMING = (
    "Without `rnn.` the names are those of torch.nn.RNN, GRU or LSTM with all layers, which loads "
    "them as its state dict; `readout` is a torch.nn.Linear on its outputs. Dropout between layers "
    "is for training alone."
)
_CELL = (
    "`module` is the class of torch.nn that computes the cell, with these `arguments`; null where "
    "there is none. `equations` say the same, one timestep for one unit: `x_` and `h_` before the "
    "name of a block are its rows of weight_ih x + bias_ih and of weight_hh h + bias_hh, where h "
    "is the layer's output at the timestep before. `blocks` are in the order of these rows, each "
    "of hidden_size. Every state starts at 0."
)


def describe(
    spec: JobSpec, facts: TaskFacts, usage: Usage, model: SequenceModel, *, weights: JsonValue
) -> dict[str, JsonValue]:
    """The document; `weights` says what each file of weights holds."""
    reading = asdict(usage.input) | {
        "min_timesteps": usage.min_timesteps,
        "max_timesteps": usage.max_timesteps,
        "trained_timesteps": facts.length,
    }
    answer = asdict(usage.output) | {
        "meaning": usage.meaning,
        "per": "sequence" if facts.many_to_one else "timestep",
    }
    return {
        "format": FORMAT,
        "model": _network(spec, facts, model),
        "weights": weights,
        "tensors": _tensors(dict(model.named_tensors())),
        "naming": _NAMING,
        "cell": _cell(spec),
        "gate_order": [gate.name for gate in model.card.gates],
        "input": reading,
        "output": answer,
        "csv": None if usage.csv is None else asdict(usage.csv),
        "spec": spec.model_dump(mode="json"),
    }


def _cell(spec: JobSpec) -> dict[str, JsonValue]:
    recipe, card = spec.model.recipe, spec.model.card
    return {
        "module": recipe.module,
        "arguments": dict(recipe.arguments),
        "blocks": list(card.blocks),
        "states": list(card.state),
        "equations": list(recipe.equations),
        "meaning": _CELL,
    }


def _network(spec: JobSpec, facts: TaskFacts, model: SequenceModel) -> dict[str, JsonValue]:
    return {
        "kind": model.kind,
        "activation": model.nonlinearity,
        "hidden_size": model.hidden_size,
        "num_layers": len(model.layers),
        "bidirectional": model.bidirectional,
        "input_size": facts.input_size,
        "output_size": facts.output_size,
        "many_to_one": facts.many_to_one,
        "precision": spec.training.precision,
    }


def _tensors(named: Mapping[str, Tensor]) -> dict[str, JsonValue]:
    return {name: {"shape": list(tensor.shape)} for name, tensor in named.items()}
