"""Initialisations of weights, one module for each kind.

A kind is a spec with a method `fill`, which computes the values of a tensor (base.py). A new kind
needs a module and two lines here.
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

# each kind belongs to one of these four unions
ForMatrices = (
    XavierUniform  # one line for each kind
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
#: Codes of the problems if a kind does not fit the cell.
NEED_CODES = tuple(dict.fromkeys(kind.need.code for kind in KINDS if kind.need is not None))


class InitSpec(Spec):
    """Initialisation of recurrent weights, input weights and biases."""

    recurrent: RecurrentInit = Orthogonal()
    """Of the matrices that multiply the state."""
    input: InputInit = XavierUniform()
    """Of the matrices that multiply the inputs."""
    bias: BiasInit = Zeros()
    """Of the biases."""
    forget_bias: Finite | None = Field(default=None, ge=-100, le=100)
    """For lstm only: the sum of torch's two forget biases. The default is 1.0, or the values of a
    chrono bias."""

    @property
    def by_place(self) -> Mapping[str, Init]:
        """The initialisations by the names of their fields."""
        return {"recurrent": self.recurrent, "input": self.input, "bias": self.bias}
