"""Gradient clipping before the optimizer's step, one module for each kind.

A kind is a spec with a method `clip`, which contains its formula for a `Gradient` (base.py).
The worker supplies the gradient. A new kind needs a module and two lines here.
"""

from typing import Annotated

from pydantic import Field

from app.domain.specs.base import DefaultKind
from app.domain.specs.clipping.none import NoClipping
from app.domain.specs.clipping.norm import NormClipping
from app.domain.specs.clipping.value import ValueClipping

ClippingSpec = Annotated[
    NoClipping | NormClipping | ValueClipping,
    Field(discriminator="kind"),
    DefaultKind("norm"),
]
