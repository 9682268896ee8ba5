"""Recurrent cells that a client may ask for."""

from typing import Annotated, Literal

from pydantic import Field

from app.domain.specs.base import (
    Flag,
    Fraction,
    Integer,
    Spec,
)


class _Recurrent(Spec):
    hidden_size: Integer = Field(default=64, ge=1, le=8192)
    """Units per layer and direction."""
    num_layers: Integer = Field(default=1, ge=1, le=64)
    bidirectional: Flag = False
    dropout: Fraction = 0.0
    """Probability of zeroing an element between layers."""


class ElmanSpec(_Recurrent):
    """Simple recurrent network: h_t = act(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh)."""

    kind: Literal["elman"]
    activation: Literal["tanh", "relu", "linear"] = "tanh"
    """`linear` is for exact checks."""


class GruSpec(_Recurrent):
    """Gated recurrent unit, reset after the product (as torch and cuDNN)."""

    kind: Literal["gru"]


class LstmSpec(_Recurrent):
    """Long short-term memory with a forget gate."""

    kind: Literal["lstm"]


ModelSpec = Annotated[ElmanSpec | GruSpec | LstmSpec, Field(discriminator="kind")]
