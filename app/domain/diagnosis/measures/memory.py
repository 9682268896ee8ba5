"""Evidence on the reach of the gradient, the recurrence, gates and units."""

from math import isfinite, log

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import EvidenceKey
from app.domain.diagnosis.evidence import number
from app.domain.diagnosis.measures.readings import first, latest
from app.domain.diagnosis.recurrence import log_rise
from app.domain.scopes import ScopeKind


def _ratio(case: Case) -> float | None:
    known = (one.ratio_at_required_lag for one in reversed(case.profiles))
    return next((number(ratio.value) for ratio in known if ratio is not None), None)


def _decay_rate(case: Case) -> float | None:
    rates = (number(one.decay_rate) for one in reversed(case.profiles))
    return next((rate for rate in rates if rate is not None), None)


def _log10_rise(case: Case) -> float | None:
    rise = log_rise(case)
    return rise / log(10) if rise is not None and isfinite(rise) else None


def _kept_gate(case: Case) -> float | None:
    """Returns the mean of the gate that keeps the state, of the layer that keeps most."""
    names = [gate.name for gate in case.spec.model.card.gates if gate.keeps_state]
    means = [mean for name in names for mean in case.latest("gate_mean", ScopeKind.GATE, name=name)]
    return max(means, default=None)


REQUIRED_LAG = EvidenceKey(
    name="required_lag_timesteps",
    unit="timesteps",
    meaning="how far back the target depends on the input",
    measure=lambda case: case.task.required_lag.timesteps if case.task else None,
)
BPTT_LENGTH = EvidenceKey(
    name="bptt_length_timesteps",
    unit="timesteps",
    meaning="timesteps through which the gradient flows back",
    measure=lambda case: case.spec.training.bptt_length,
)
RATIO = EvidenceKey(
    name="gradient_ratio_at_required_lag",
    unit="1",
    meaning="gradient norm at the required lag relative to lag 0, at the latest probe",
    measure=_ratio,
)
HORIZON = EvidenceKey(
    name="gradient_horizon_timesteps",
    unit="timesteps",
    meaning="largest lag up to which the gradient norm stays above 1 % of that at lag 0",
    measure=lambda case: case.profiles[-1].horizon.value if case.profiles else None,
)
DECAY_RATE = EvidenceKey(
    name="decay_rate_nats_per_timestep",
    unit="nats/timestep",
    meaning="slope of the log gradient norm over the lag; below 0 it shrinks",
    measure=_decay_rate,
)
RISE = EvidenceKey(
    name="log10_gradient_ratio_at_longest_lag",
    unit="log10",
    meaning="gradient norm at the longest lag relative to lag 0; above 0 it grows",
    measure=_log10_rise,
)
SPECTRAL_RADIUS = EvidenceKey(
    name="spectral_radius",
    unit="1",
    meaning="largest spectral radius of a recurrent matrix, over the layers",
    measure=lambda case: latest(case, "spectral_radius"),
)
SIGMA_MAX = EvidenceKey(
    name="sigma_max",
    unit="1",
    meaning="largest singular value of a recurrent matrix, over the layers",
    measure=lambda case: latest(case, "sigma_max"),
)
LYAPUNOV = EvidenceKey(
    name="lyapunov_1",
    unit="nats/timestep",
    meaning="largest Lyapunov exponent at the latest probe; above 0 the state is chaotic",
    measure=lambda case: latest(case, "lyapunov_1"),
)
KEEPING_UNITS = EvidenceKey(
    name="keeping_units",
    unit="1",
    meaning="share of units whose gates keep at least 1 % of the state over the required lag",
    measure=lambda case: latest(case, "keeping_units"),
)
KEPT_GATE = EvidenceKey(
    name="keeping_gate_mean",
    unit="1",
    meaning="mean of the gate that keeps the state, of the layer that keeps most",
    measure=_kept_gate,
)
SATURATED_AT_START = EvidenceKey(
    name="saturated_fraction_at_start",
    unit="1",
    meaning="largest share of values in the flat part of a layer or gate, at the first probe",
    measure=lambda case: first(case, "saturated_fraction"),
)
SATURATED = EvidenceKey(
    name="saturated_fraction",
    unit="1",
    meaning="largest share of values in the flat part of a layer or gate, at the latest probe",
    measure=lambda case: latest(case, "saturated_fraction"),
)
DEAD_AT_START = EvidenceKey(
    name="dead_fraction_at_start",
    unit="1",
    meaning="largest share of a layer's relu units that are never positive, at the first probe",
    measure=lambda case: first(case, "dead_fraction"),
)
DEAD = EvidenceKey(
    name="dead_fraction",
    unit="1",
    meaning="largest share of a layer's relu units that are never positive, at the latest probe",
    measure=lambda case: latest(case, "dead_fraction"),
)
STATE_GROWTH = EvidenceKey(
    name="state_growth_nats",
    unit="nats",
    meaning="ln of the state's norm in the last quarter of a sequence / in the second one",
    measure=lambda case: latest(case, "state_growth"),
)
