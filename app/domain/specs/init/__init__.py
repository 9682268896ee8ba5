"""How weights start: one module a kind.

A kind is a spec with a method `fill`, which states its formula over weights without values
(base.py). A new kind needs its module and two lines here.
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from app.domain.specs.base import DefaultKind, Finite, Spec, members_of
from app.domain.specs.init.base import Init
from app.domain.specs.init.chrono import Chrono
from app.domain.specs.init.critical import Critical
from app.domain.specs.init.gaussian import Gaussian
from app.domain.specs.init.he_normal import HeNormal
from app.domain.specs.init.he_uniform import HeUniform
from app.domain.specs.init.identity import Identity
from app.domain.specs.init.normal import Normal
from app.domain.specs.init.orthogonal import Orthogonal
from app.domain.specs.init.spectral_radius import SpectralRadius
from app.domain.specs.init.torch_default import TorchDefault
from app.domain.specs.init.uniform import Uniform
from app.domain.specs.init.xavier_normal import XavierNormal
from app.domain.specs.init.xavier_uniform import XavierUniform
from app.domain.specs.init.zeros import Zeros

# each kind stands in one of these four unions
ForMatrices = (
    XavierUniform  # a line a kind
    | XavierNormal
    | HeUniform
    | HeNormal
    | Orthogonal
    | Gaussian
)
ForRecurrentMatrices = Identity | SpectralRadius | Critical
ForBiases = Chrono
ForAnyTensor = Normal | Uniform | Zeros | TorchDefault

RecurrentInit = Annotated[
    ForMatrices | ForRecurrentMatrices | ForAnyTensor,
    Field(discriminator="kind"),
    DefaultKind("orthogonal"),
]
InputInit = Annotated[
    ForMatrices | ForAnyTensor,
    Field(discriminator="kind"),
    DefaultKind("xavier_uniform"),
]
BiasInit = Annotated[
    ForAnyTensor | ForBiases,
    Field(discriminator="kind"),
    DefaultKind("zeros"),
]
KINDS = tuple(
    kind
    for union in (RecurrentInit, BiasInit)
    for kind in members_of(union)
    if issubclass(kind, Init)
)
#: Codes of the problems of a kind that does not fit the cell.
NEED_CODES = tuple(dict.fromkeys(kind.need.code for kind in KINDS if kind.need is not None))


class InitSpec(Spec):
    """How recurrent weights, input weights and biases start."""

    recurrent: RecurrentInit = Orthogonal()
    input: InputInit = XavierUniform()
    bias: BiasInit = Zeros()
    forget_bias: Finite | None = Field(default=None, ge=-100, le=100)
    """For lstm alone: the sum of torch's two forget biases. Default 1.0, or what a chrono bias
    makes it."""

    @property
    def by_place(self) -> Mapping[str, Init]:
        """The kinds, by the names of their fields."""
        return {"recurrent": self.recurrent, "input": self.input, "bias": self.bias}
