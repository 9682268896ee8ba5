"""The single changes that are tried on a failed run, to find which of them cure it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from app.domain.specs.job import JobSpec
from app.domain.specs.patch import as_document, merge_patch
from bench.diagnosis.faults import BY_NAME
from bench.diagnosis.faults.kind import Change, Order
from bench.diagnosis.planned import PlannedRun
from bench.diagnosis.tasks import Document

_LARGE = 32
#: Name of a change -> a smaller one of the same field.
_SMALLER = {"rate×0.03": "rate×0.1", "rate×100": "rate×10"}
#: A clip threshold that no healthy base reaches for long.
_USUAL_NORM = 1.0


@dataclass(frozen=True, kw_only=True)
class SingleChange:
    """One change of a run."""

    #: `undo:` and a kind for the injected fault itself.
    name: str
    #: The causes that the change acts on and that nothing else would act on; empty if it acts on
    #: many.
    leaves: frozenset[str]
    order: Order

    def is_needless(self, cures: Collection[str]) -> bool:
        """Whether a smaller change of the same field cures, so that this one tells nothing new."""
        return _SMALLER.get(self.name) in cures


def single_changes(run: PlannedRun) -> tuple[SingleChange, ...]:
    """Returns the changes that make a difference to this run, those that undo a fault first."""
    own = _complete(run.order.spec)
    undone = list(_undoing(run))
    others = [
        SingleChange(
            name=name, leaves=frozenset(leaves), order=run.order.changed(Change(patch=patch))
        )
        for name, leaves, patch in _patches(JobSpec.model_validate(run.order.spec))
    ]
    known = [_complete(one.order.spec) for one in undone if one.order.upload == run.order.upload]
    return (*undone, *(one for one in others if _complete(one.order.spec) not in [own, *known]))


def _complete(spec: Document) -> Document:
    return as_document(JobSpec.model_validate(spec))


def _undoing(run: PlannedRun) -> Iterator[SingleChange]:
    """The fault's fields as they were before it."""
    base = run.base
    unusual = [*run.injections, *([] if run.decoy is None else [run.decoy])]
    for injected in unusual:
        setting = _setting_of(run, injected.kind)
        before = Order.of(base).changed(setting)
        patch = _values_at(before.spec, injected.patch)
        order = Order(spec=merge_patch(run.order.spec, patch), upload=run.order.upload)
        if injected.options and order.upload is not None and before.upload is not None:
            options = {name: before.upload.option(name) for name in injected.options}
            order = Order(spec=order.spec, upload=order.upload.changed(options))
        name = f"undo:{injected.kind}"
        yield SingleChange(name=name, leaves=frozenset({injected.leaf}), order=order)


def _setting_of(run: PlannedRun, kind: str) -> Change:
    return BY_NAME[kind].setting(run.base) or Change()


def _values_at(before: Document, patch: Mapping[str, JsonValue]) -> Document:
    """Returns what the document has where the patch changes something; null for what it lacks."""
    found: Document = {}
    for name, change in patch.items():
        value = before.get(name)
        is_inner = isinstance(change, dict) and isinstance(value, dict) and "kind" not in change
        found[name] = _values_at(value, change) if is_inner else value  # type: ignore[arg-type] # both are objects
    return found


def _patches(spec: JobSpec) -> Iterator[tuple[str, set[str], Document]]:
    """Name, causes and patch of changes that do not depend on what was injected."""
    yield from _steps(spec)
    yield from _clips(spec)
    yield from _starts(spec)
    yield from _less(spec)
    yield from _data(spec)


def _steps(spec: JobSpec) -> Iterator[tuple[str, set[str], Document]]:
    rate, steps = spec.optimizer.learning_rate, spec.training.num_steps
    for factor in (0.1, 0.03):
        patch: Document = {"optimizer": {"learning_rate": rate * factor}}
        yield f"rate×{factor}", {"learning_rate_too_high"}, patch
    for factor in (10, 100):
        patch = {"optimizer": {"learning_rate": rate * factor}}
        yield f"rate×{factor}", {"learning_rate_too_low"}, patch
    yield "steps×3", {"too_few_steps"}, {"training": {"num_steps": 3 * steps}}
    yield "constant_rate", {"learning_rate_too_low"}, {"optimizer": {"schedule": None}}
    adam: Document = {"optimizer": {"kind": "adam", "learning_rate": 0.005}}
    yield "adam", set(), adam


def _clips(spec: JobSpec) -> Iterator[tuple[str, set[str], Document]]:
    threshold = getattr(spec.clipping, "max_norm", getattr(spec.clipping, "max_value", None))
    is_low = threshold is not None and threshold < _USUAL_NORM
    leaves = {"clip_threshold_too_low"} if is_low else set()
    yield "clip_at_1", leaves, {"clipping": {"kind": "norm", "max_norm": _USUAL_NORM}}
    yield "full_bptt", {"truncated_backpropagation"}, {"training": {"bptt_length": None}}


def _starts(spec: JobSpec) -> Iterator[tuple[str, set[str], Document]]:
    cell = spec.model.kind
    orthogonal: Document = {"recurrent": {"kind": "orthogonal", "gain": 1.0}}
    yield "orthogonal", set(), {"init": orthogonal}
    yield "usual_input_weights", set(), {"init": {"input": None}}
    yield "usual_bias", set(), {"init": {"bias": None}}
    if cell == "lstm":
        yield "forget_bias_1", {"closed_gates"}, {"init": {"forget_bias": 1.0}}
    else:
        start: Document = {"forget_bias": None, "recurrent": None}
        model: Document = {"kind": "lstm", "hidden_size": max(16, spec.model.hidden_size)}
        yield "lstm", set(), {"model": model, "init": start}
    if cell == "elman":
        model = {"kind": "gru", "hidden_size": max(16, spec.model.hidden_size)}
        yield "gru", set(), {"model": model, "init": orthogonal}


def _less(spec: JobSpec) -> Iterator[tuple[str, set[str], Document]]:
    none: Document = {"l1": 0.0, "l2": 0.0}
    yield "no_penalty", {"penalty_dominates"}, {"regularization": none}
    yield "no_decay", {"penalty_dominates"}, {"optimizer": {"weight_decay": 0.0}}
    yield "no_dropout", {"dropout_too_high"}, {"model": {"dropout": 0.0}}
    units = max(_LARGE, spec.model.hidden_size)
    yield "more_units", {"capacity_too_small"}, {"model": {"hidden_size": units}}
    if spec.training.batch_size < _LARGE:
        yield "larger_batch", {"learning_rate_too_high"}, {"training": {"batch_size": _LARGE}}


def _data(spec: JobSpec) -> Iterator[tuple[str, set[str], Document]]:
    dataset = spec.dataset
    if dataset.kind == "forecast":
        window: Document = {"dataset": {"window": 3 * dataset.window}}
        yield "window×3", {"window_too_short"}, window
        robust: Document = {"dataset": {"loss": {"kind": "mae"}}}
        yield "mae", {"outliers_dominate"}, robust
    if dataset.kind == "sequences":
        whole: Document = {"dataset": {"max_length": None}}
        yield "whole_sequences", {"max_length_too_short"}, whole
