"""Optimizers, one module for each kind.

A kind is a spec that names a class of `torch.optim` and its arguments, from which the worker
creates the optimizer. A new kind needs a module and two lines here.
"""

from typing import Annotated

from pydantic import Field

from app.domain.specs.base import DefaultKind
from app.domain.specs.optimizer.adam import AdamSpec
from app.domain.specs.optimizer.adamw import AdamWSpec
from app.domain.specs.optimizer.rmsprop import RmspropSpec
from app.domain.specs.optimizer.sgd import SgdSpec

OptimizerSpec = Annotated[
    SgdSpec | AdamSpec | AdamWSpec | RmspropSpec,
    Field(discriminator="kind"),
    DefaultKind("adam"),
]
