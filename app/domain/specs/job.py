"""The job spec: the complete, immutable and serialisable description of one run."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Discriminator, Field, model_validator
from pydantic import Tag as FormTag
from pydantic_core import PydanticCustomError

from app.domain.quantities import ProbeQuantity
from app.domain.specs.base import (
    AtMost,
    Finite,
    Flag,
    Integer,
    LongText,
    NumSteps,
    Positive,
    PositiveInt,
    Seed,
    Share,
    ShortText,
    Spec,
    Tags,
    kind_of,
)
from app.domain.specs.clipping import ClippingSpec
from app.domain.specs.clipping.norm import NormClipping
from app.domain.specs.dataset import DatasetSpec
from app.domain.specs.dataset.base import LagRange
from app.domain.specs.init import NEED_CODES, InitSpec
from app.domain.specs.lineage import PURPOSE_CODES, LineageSpec
from app.domain.specs.model import ModelSpec, cells_that
from app.domain.specs.optimizer import OptimizerSpec
from app.domain.specs.optimizer.adam import AdamSpec
from app.domain.specs.regularization import RegularizationSpec

#: Codes of the rules that involve several fields, which a schema cannot express.
CROSS_FIELD_CODES = (
    "forget_bias_needs_lstm",
    *NEED_CODES,
    "lag_longer_than_sequence",
    "bptt_longer_than_sequence",
    "cadence_finer_than_probes",
    "parent_given_twice",
    *PURPOSE_CODES,
)
DEFAULT_FORGET_BIAS = 1.0
ProbeTier = Literal["off", "economy", "standard", "full"]
#: The share of wall time that probes may take if `probes.budget` is null.
TIER_BUDGETS: Mapping[ProbeTier, float] = {
    "off": 0.0,
    "economy": 0.01,
    "standard": 0.03,
    "full": 0.05,
}


class OnFindingSpec(Spec):
    """Reactions to what the diagnosis of a running run finds."""

    critical: Literal["continue", "stop", "trial"] = "continue"
    """Reaction to an active finding that is critical. `stop` ends the run as `critical_finding`,
    with its files. `trial` does so as well, and then tries the remedies of the run as a post to
    `/v1/runs/{id}/trials` without fields does; an event `trial` names the trial, or says why there
    is none. A running run is judged about every 10 s, so that no shorter one is stopped."""

    @property
    def stops(self) -> bool:
        """Whether a critical finding ends the run."""
        return self.critical != "continue"

    @property
    def starts_trial(self) -> bool:
        """Whether the remedies of a run that a critical finding ended are tried."""
        return self.critical == "trial"


class TrainingSpec(Spec):
    """How long a run trains, with which batches and on which device."""

    num_steps: NumSteps = 5000
    """Optimizer steps of the run."""
    batch_size: Integer = Field(default=32, ge=1, le=65_536)
    """Sequences of a batch."""
    seed: Seed = 0
    """Determines initial weights, order of the data and dropout."""
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d{1,3})?)$")] = "auto"
    """`auto` takes a GPU where a worker has one; `cuda:1` names one."""
    precision: Literal["float32", "float64"] = "float32"
    """Floating-point type of weights and gradients."""
    bptt_length: PositiveInt | None = None
    """Timesteps through which a gradient flows back; null means the whole sequence."""
    evaluate_every: PositiveInt = 200
    """Steps between evaluations."""
    stop_at_score: Finite | None = None
    """Training ends as `converged` at the first evaluation on validation data at which the task's
    metric is at least this good; null means that it never does."""
    time_limit_s: Positive | None = None
    """Seconds of training after which the run ends as `timed_out`; null means the installation's
    limit."""
    on_instability: Literal["report", "stop", "skip_step", "rollback"] = "report"
    """Reaction to a loss, gradient or update that is not finite. `report` and `stop` end the run as
    diverged, `stop` with the weights from before. `skip_step` leaves the update out, at most 100
    times in a row. `rollback` returns, at most 10 times, to the state of 50 to 100 steps before, or
    an earlier one if the loss has grown tenfold, and multiplies the learning rate by a factor from
    0.01 to 0.5: the best multiple of the next updates, measured as `best_step_factor`, over 2.5, or
    0.5 where none can be measured."""
    on_finding: OnFindingSpec = OnFindingSpec()
    deterministic: Flag = True
    """Use deterministic kernels: the same seed on the same machine gives the same bits."""


class PacedQuantity(Spec):
    """A quantity that is measured at its own interval."""

    name: ProbeQuantity
    """The quantity."""
    every: PositiveInt
    """Steps between measurements. The first probe at or after each multiple measures it, and the
    last probe."""


def _form_of(value: object) -> Literal["name", "paced"]:
    return "paced" if isinstance(value, dict | PacedQuantity) else "name"


QuantityOrder = Annotated[
    Annotated[ProbeQuantity, FormTag("name")] | Annotated[PacedQuantity, FormTag("paced")],
    Discriminator(_form_of),
]


class ProbesSpec(Spec):
    """What probes measure, and which share of the wall time they may take."""

    budget: Share | None = None
    """Largest share of wall time that probes may take. Probes at the first and the last step do
    not count, nor do five evenly spaced ones of a run of 50 steps or more, as many of them as take
    a tenth of the run together. Null means the tier's: 0.01 for `economy`, 0.03 for
    `standard`, 0.05 for `full`."""
    every: PositiveInt | None = None
    """Steps between probes; null adapts the interval to the budget."""
    tier: ProbeTier = "standard"
    """`economy` follows 32 loss terms back in time and measures gates and activations. `standard`
    follows 128 loss terms and also measures recurrent matrices, Lyapunov exponents and their sum
    rule. `full` follows 256 and also measures singular values of the Jacobian, the gradient by
    position, noise scale and agreement of the gradient. The whole Lyapunov spectrum is measured
    only if `quantities` names it. All tiers but `off` check the lag profile against autograd."""
    quantities: Annotated[tuple[QuantityOrder, ...], AtMost(most=40)] | None = None
    """Quantities to measure in addition to the lag profile and its checks. A name is measured by
    every probe, `{"name": "lyapunov_spectrum", "every": 500}` by a probe every 500 steps or, if the
    budget allows fewer probes, less often. Null means the quantities of the tier."""

    @property
    def budget_in_force(self) -> float:
        """The share of wall time that applies: `budget`, or that of the tier if it is null."""
        return TIER_BUDGETS[self.tier] if self.budget is None else self.budget

    @property
    def cadences(self) -> tuple[tuple[ProbeQuantity, int | None], ...] | None:
        """Name and steps between measurements, if set, of each quantity; None for the tier's."""
        if self.quantities is None:
            return None
        return tuple(
            (one.name, one.every) if isinstance(one, PacedQuantity) else (one, None)
            for one in self.quantities
        )


class JobSpec(Spec):
    """A recurrent network, the data that it learns from and how it is trained."""

    name: ShortText = ""
    """Name for people; need not be unique."""
    tags: Tags = ()
    """Labels to filter by."""
    notes: LongText = ""
    """Free text, which `q` of a list searches."""
    priority: Integer = Field(default=0, ge=-100, le=100)
    """The workspace's queued run with the highest priority starts first. Each minute of waiting
    adds 1."""
    parent_id: Annotated[UUID | None, Field(exclude_if=lambda parent: parent is None)] = None
    """The run of this workspace that led to it, if it has no `lineage`."""
    lineage: Annotated[LineageSpec | None, Field(exclude_if=lambda one: one is None)] = None
    """The run that led to it, and what it is for. The requests of remedies and experiments have
    it."""
    model: ModelSpec
    """The recurrent network."""
    init: InitSpec = InitSpec()
    """How weights start."""
    clipping: ClippingSpec = NormClipping()
    """What is done to large gradients before the update."""
    optimizer: OptimizerSpec = AdamSpec()
    """How weights are updated."""
    regularization: RegularizationSpec = RegularizationSpec()
    """Penalties that are added to the loss."""
    dataset: DatasetSpec
    """What the network learns."""
    training: TrainingSpec = TrainingSpec()
    """How long, with which batches, and on which device."""
    probes: ProbesSpec = ProbesSpec()
    """What is measured of gradients and states during training."""

    @model_validator(mode="after")
    def _has_one_parent(self) -> Self:
        if self.parent_id is not None and self.lineage is not None:
            raise PydanticCustomError(
                "parent_given_twice",
                "lineage.parent names the parent; leave parent_id out",
                {"pointer": "/parent_id"},
            )
        return self

    @model_validator(mode="after")
    def _forget_bias_has_a_gate(self) -> Self:
        if self.init.forget_bias is not None and self.model.card.forget_gate is None:
            raise PydanticCustomError(
                "forget_bias_needs_lstm",
                "init.forget_bias is only for {kinds}; this model is {kind}",
                {
                    "kinds": cells_that(lambda card: card.forget_gate is not None),
                    "kind": self.model.kind,
                    "pointer": "/init/forget_bias",
                },
            )
        return self

    @model_validator(mode="after")
    def _init_fits_the_cell(self) -> Self:
        for place, init in self.init.by_place.items():
            need = init.need
            if need is not None and not need.is_met(self.model.card):
                raise PydanticCustomError(
                    need.code,
                    "init.{place} {init} is only for {kinds}; this model is {kind}",
                    {
                        "place": place,
                        "init": kind_of(type(init)),
                        "kinds": cells_that(need.is_met),
                        "kind": self.model.kind,
                        "pointer": f"/init/{place}/kind",
                    },
                )
        return self

    @model_validator(mode="after")
    def _lags_fit_the_sequence(self) -> Self:
        length = self.dataset.sequence_length
        if length is None:
            return self
        lag = self.dataset.dependency_lag
        longest = lag.max if isinstance(lag, LagRange) else lag
        if longest is not None and longest > length - 1:
            raise PydanticCustomError(
                "lag_longer_than_sequence",
                "dataset.dependency_lag must be at most length - 1 = {most}, not {lag}",
                {"most": length - 1, "lag": longest, "pointer": "/dataset/dependency_lag"},
            )
        bptt = self.training.bptt_length
        if bptt is not None and bptt > length:
            raise PydanticCustomError(
                "bptt_longer_than_sequence",
                "training.bptt_length must be at most the sequence length {length}, not {bptt}",
                {"length": length, "bptt": bptt, "pointer": "/training/bptt_length"},
            )
        return self

    @model_validator(mode="after")
    def _cadences_fit_the_probes(self) -> Self:
        probes = self.probes
        for index, (name, every) in enumerate(probes.cadences or ()):
            if every is not None and probes.every is not None and every < probes.every:
                raise PydanticCustomError(
                    "cadence_finer_than_probes",
                    "{name} cannot be measured every {every} steps: probes.every is {probes}",
                    {
                        "name": name,
                        "every": every,
                        "probes": probes.every,
                        "pointer": f"/probes/quantities/{index}/every",
                    },
                )
        return self

    @property
    def forget_bias(self) -> float | None:
        """The initial sum of torch's two forget biases.

        None for cells without a forget gate, and if `init.bias` sets one for each unit.
        """
        if self.model.card.forget_gate is None:
            return None
        given = self.init.forget_bias
        if given is None and not self.init.bias.sets_forget_biases:
            return DEFAULT_FORGET_BIAS
        return given
