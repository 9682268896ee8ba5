"""Losses of forecasts and regressions, one module for each kind.

A kind is a spec with its formula over the protocol in base.py, its score, and the constant that is
best for it. The worker supplies tensors. A new kind needs a module and two lines here.
"""

from typing import Annotated

from pydantic import Field

from app.domain.specs.base import NameOfKind, members_of
from app.domain.specs.loss.huber import HuberLoss
from app.domain.specs.loss.mae import MaeLoss
from app.domain.specs.loss.mse import MseLoss
from app.domain.specs.loss.poisson import PoissonLoss
from app.domain.specs.loss.quantile import QuantileLoss

LossSpec = Annotated[
    MseLoss | MaeLoss | HuberLoss | QuantileLoss | PoissonLoss,
    Field(discriminator="kind"),
    NameOfKind(),
]
#: In the order of the union.
LOSSES = members_of(LossSpec)
