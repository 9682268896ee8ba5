"""Three runs that a newcomer can start with one click, each with what it shows."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue


@dataclass(frozen=True, kw_only=True)
class Example:
    """A job spec, and what it is good for."""

    title: str
    text: str
    spec: Mapping[str, JsonValue]


EXAMPLES: tuple[Example, ...] = (
    Example(
        title="A gradient that vanishes",
        text="A plain Elman network must remember two numbers over 200 timesteps. It cannot.",
        spec={
            "name": "Elman, adding over 200 timesteps",
            "tags": ["example"],
            "model": {"kind": "elman", "hidden_size": 64},
            "optimizer": {"kind": "adam", "learning_rate": 0.001},
            "dataset": {"kind": "adding", "length": 200},
            "training": {"num_steps": 600},
        },
    ),
    Example(
        title="A network that learns",
        text="A GRU adds two numbers over 30 timesteps. The gradient reaches far enough.",
        spec={
            "name": "GRU, adding over 30 timesteps",
            "tags": ["example"],
            "model": {"kind": "gru", "hidden_size": 32},
            "optimizer": {"kind": "adam", "learning_rate": 0.01},
            "dataset": {"kind": "adding", "length": 30},
            "training": {"num_steps": 600},
        },
    ),
    Example(
        title="A rate that is too high",
        text="The same GRU at a hundred times the learning rate: updates destroy what was learned.",
        spec={
            "name": "GRU, learning rate 1",
            "tags": ["example"],
            "model": {"kind": "gru", "hidden_size": 32},
            "optimizer": {"kind": "adam", "learning_rate": 1.0},
            "dataset": {"kind": "adding", "length": 30},
            "training": {"num_steps": 600},
        },
    ),
)
