"""What is done to a gradient before the optimizer sees it: one module a kind.

A kind is a spec with a method `clip`, which states the formula over a `Gradient` (base.py).
The worker supplies the gradient; a new kind needs its module and two lines here.
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
