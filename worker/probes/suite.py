"""All probes of one moment: the one list of them, and what they cost."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from app.domain.telemetry import LagProfile, ScalarReading
from worker.probes.activations import measure_activations
from worker.probes.checksum import measure_checksum
from worker.probes.gates import measure_gates
from worker.probes.lag_profile import measure_lag_profiles
from worker.probes.lyapunov import measure_lyapunov_exponents
from worker.probes.recurrent_matrix import measure_recurrent_matrices
from worker.replay.anchors import sequences_needed
from worker.replay.sample import ProbeSample, ReplayableNetwork

Tier = Literal["economy", "standard", "full"]

#: Loss terms followed back: with 128 a horizon repeats within a tenth, with four it scatters.
ANCHORS: dict[Tier, int] = {"economy": 32, "standard": 128, "full": 256}


class ScalarProbe(Protocol):
    def __call__(
        self, model: ReplayableNetwork, sample: ProbeSample, *, step: int
    ) -> tuple[ScalarReading, ...]: ...


PROBES: tuple[ScalarProbe, ...] = (
    measure_checksum,
    measure_recurrent_matrices,
    measure_gates,
    measure_activations,
    measure_lyapunov_exponents,
)
#: The cheap ones.
ECONOMY_PROBES: tuple[ScalarProbe, ...] = (
    measure_checksum,
    measure_gates,
    measure_activations,
)


@dataclass(frozen=True, kw_only=True)
class ProbeResult:
    profiles: tuple[LagProfile, ...]
    #: `probe_seconds` of this probe is among them.
    readings: tuple[ScalarReading, ...]
    seconds: float


def sample_size(tier: Tier, *, many_to_one: bool) -> int:
    """Sequences that a sample for this tier should have; fewer are made do with."""
    return sequences_needed(ANCHORS[tier], many_to_one=many_to_one)


def run_probes(
    model: ReplayableNetwork,
    sample: ProbeSample,
    *,
    step: int,
    required_lag: int | None,
    seed: int,
    tier: Tier,
    clock: Callable[[], float],
) -> ProbeResult:
    """No weight, no gradient, no generator and no mode of the model changes."""
    started = clock()
    profiles = measure_lag_profiles(
        model, sample, step=step, required_lag=required_lag, seed=seed, max_anchors=ANCHORS[tier]
    )
    readings: list[ScalarReading] = []
    for measure in ECONOMY_PROBES if tier == "economy" else PROBES:
        readings += measure(model, sample, step=step)
    seconds = clock() - started
    cost = ScalarReading(step=step, quantity="probe_seconds", scope="model", value=seconds)
    return ProbeResult(profiles=profiles, readings=(*readings, cost), seconds=seconds)
