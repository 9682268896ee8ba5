"""What is done to a gradient before the optimizer sees it."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from app.domain.specs.base import DefaultKind, Positive, Spec


class NoClipping(Spec):
    """The gradient as it is."""

    kind: Literal["none"]


class NormClipping(Spec):
    """Rescale the global L2 norm to at most `max_norm` (Pascanu et al. 2013, algorithm 1)."""

    kind: Literal["norm"] = "norm"
    max_norm: Positive = 1.0
    min_norm: Positive | None = None
    """Raise smaller (non-zero) gradients to this norm."""

    @model_validator(mode="after")
    def _bounds_are_ordered(self) -> Self:
        if self.min_norm is not None and self.min_norm > self.max_norm:
            raise ValueError("min_norm must be at most max_norm")
        return self


class ValueClipping(Spec):
    """Clamp each entry to [-max_value, max_value]."""

    kind: Literal["value"]
    max_value: Positive = 1.0


ClippingSpec = Annotated[
    NoClipping | NormClipping | ValueClipping,
    Field(discriminator="kind"),
    DefaultKind("norm"),
]
