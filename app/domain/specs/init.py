"""How weights start."""

from typing import Annotated, Literal

from pydantic import Field

from app.domain.specs.base import DefaultKind, Finite, NonNegative, Positive, PositiveInt, Spec


class _Scaled(Spec):
    gain: Positive = 1.0


class XavierUniform(_Scaled):
    """U(-a, a), a = gain sqrt(6 / (fan_in + fan_out)), per gate (Glorot & Bengio 2010)."""

    kind: Literal["xavier_uniform"] = "xavier_uniform"


class XavierNormal(_Scaled):
    """N(0, gain^2 2 / (fan_in + fan_out)), per gate (Glorot & Bengio 2010)."""

    kind: Literal["xavier_normal"]


class HeUniform(_Scaled):
    """U(-a, a), a = gain sqrt(6 / fan_in) (He et al. 2015)."""

    kind: Literal["he_uniform"]


class HeNormal(_Scaled):
    """N(0, gain^2 2 / fan_in) (He et al. 2015)."""

    kind: Literal["he_normal"]


class Orthogonal(_Scaled):
    """gain times a random orthogonal matrix, one per gate (Saxe et al. 2014)."""

    kind: Literal["orthogonal"] = "orthogonal"


class Identity(_Scaled):
    """gain times the identity, one per gate (Le et al. 2015)."""

    kind: Literal["identity"]


class Normal(Spec):
    """N(0, std^2)."""

    kind: Literal["normal"]
    std: NonNegative = 0.01


class Uniform(Spec):
    """U(-bound, bound)."""

    kind: Literal["uniform"]
    bound: NonNegative = 0.01


class SpectralRadius(Spec):
    """Gaussian matrix, one per gate, rescaled so that its largest |eigenvalue| is `radius`."""

    kind: Literal["spectral_radius"]
    radius: Positive = 1.0


class Gaussian(_Scaled):
    """N(0, gain^2 / fan_in), per gate: a large square one has the spectral radius `gain`."""

    kind: Literal["gaussian"]


class Critical(Spec):
    """For elman: gaussian, its gain solving chi = 1 for the data's input (Poole et al. 2016).

    chi = gain^2 E[act'(sqrt(q) z)^2] is what a squared gradient is multiplied by each timestep.
    """

    kind: Literal["critical"]


class Zeros(Spec):
    """All zero."""

    kind: Literal["zeros"] = "zeros"


class TorchDefault(Spec):
    """U(-1/sqrt(H), 1/sqrt(H)) for weights and biases, as torch.nn does."""

    kind: Literal["torch_default"]


class Chrono(Spec):
    """For gru and lstm: time constants of up to `max_lag` timesteps (Tallec & Ollivier 2018).

    The gate that keeps a unit's state starts at ln U[1, max_lag], lstm's input gate at minus that.
    """

    kind: Literal["chrono"]
    max_lag: PositiveInt | None = None
    """T_max - 1 of the paper; null is the task's required lag, else its length less one."""


RecurrentInit = Annotated[
    XavierUniform
    | XavierNormal
    | HeUniform
    | HeNormal
    | Orthogonal
    | Identity
    | Normal
    | Uniform
    | SpectralRadius
    | Gaussian
    | Critical
    | Zeros
    | TorchDefault,
    Field(discriminator="kind"),
    DefaultKind("orthogonal"),
]
InputInit = Annotated[
    XavierUniform
    | XavierNormal
    | HeUniform
    | HeNormal
    | Orthogonal
    | Normal
    | Uniform
    | Gaussian
    | Zeros
    | TorchDefault,
    Field(discriminator="kind"),
    DefaultKind("xavier_uniform"),
]
BiasInit = Annotated[
    Normal | Uniform | Chrono | Zeros | TorchDefault,
    Field(discriminator="kind"),
    DefaultKind("zeros"),
]


class InitSpec(Spec):
    """How recurrent weights, input weights and biases start."""

    recurrent: RecurrentInit = Orthogonal()
    input: InputInit = XavierUniform()
    bias: BiasInit = Zeros()
    forget_bias: Finite | None = Field(default=None, ge=-100, le=100)
    """For lstm alone: the sum of torch's two forget biases. Default 1.0, or what a chrono bias
    makes it."""
