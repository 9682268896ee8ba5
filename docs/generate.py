"""Writes the generated pages of docs from the code: second half of `make docs`."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from app.api.models.dynamics import DynamicsView
from app.api.models.gradient_flow import GradientFlowView
from app.api.models.view import View
from app.domain.integrity import CHECKS, LIMITS, SUPERSEDED
from app.domain.quantities import CURVES, LAG_PROFILE, PROBE_NAMES, QUANTITIES, Cadence, Quantity
from app.domain.quantities.probe import TIERS
from docs import cautions_page, findings_page, references_page
from docs.tables import code_list, joined, table
from worker.probes.suite import ANCHORS

PAGE = Path(__file__).with_name("measurements.md")

INTRO = """
# What is measured

Generated from the code by `make docs`; a test keeps it so. `GET /v1/catalog` has the same tables.

Steps are optimizer steps, counted from 0; a reading of step s is of the weights that s updates
made. Timesteps are positions in the sequence. A lag counts timesteps back from a loss term. Units
of 1 have no dimension; nats are natural logarithms; H is the number of hidden units, S that of
state coordinates (2 H for lstm, whose state is h and c), k that of exponents. A source of
`measured` means that the definition is this service's own.
"""

PROFILES_INTRO = """
From a replay of sequences in double precision, outside of the training step: the states that
training sees, closed forms of each timestep's Jacobian, and one backward recursion that is brought
back to a norm of 1 at every timestep while the logarithm is kept, so that what has vanished is told
from what float32 could not hold. An anchor is one unreduced loss term of one sequence: a loss over
all timesteps would give a flat curve while credit vanishes. Natural logarithms are stored; HTTP
answers have base 10.
"""

CHECKS_INTRO = """
Every probe checks its own instrument. A profile that fails is served, marked, and not judged.
"""

ASKED_INTRO = """
`probes.tier` chooses a set; `probes.quantities` lists names in its place, each with a cadence of
its own where `{"name": "lyapunov_spectrum", "every": 500}` says so: it is measured by the first
probe at or past each multiple, and by the first and the last one. The lag profile and its checks
are part of every tier. What cannot be measured leaves its reason in `not_assessed`.
"""


def page() -> str:
    by_cadence = {cadence: _of(cadence) for cadence in Cadence}
    of_lag_profile = [one for one in QUANTITIES if one.name in LAG_PROFILE]
    over_time = {*CURVES, *of_lag_profile}
    parts = [
        INTRO,
        "## At every step",
        _table(by_cadence[Cadence.EVERY_STEP]),
        "Those read per tensor too, in the scope `tensor:<name>`: "
        + code_list(one.name for one in QUANTITIES if one.is_per_tensor)
        + ".",
        "## At evaluations",
        _table(by_cadence[Cadence.EVALUATION]),
        "## Gradients over time, at probes",
        PROFILES_INTRO,
        _table(CURVES),
        "Read off the lag profile of each scope:",
        _table(of_lag_profile),
        "## Beside them, at probes",
        _table([one for one in by_cadence[Cadence.PROBE] if one not in over_time]),
        "## Whether to believe it",
        CHECKS_INTRO,
        _checks(),
        "## What a run can ask for",
        ASKED_INTRO,
        _asked(),
        "## Fields of `GET /v1/runs/{id}/gradient-flow`",
        *_fields(GradientFlowView),
        "## Fields of `GET /v1/runs/{id}/dynamics`",
        *_fields(DynamicsView),
    ]
    return joined(parts)


def _of(cadence: Cadence) -> list[Quantity]:
    return [one for one in QUANTITIES if one.cadence is cadence]


def _table(quantities: Sequence[Quantity]) -> str:
    rows = (
        (f"`{one.name}`", one.unit, one.formula, one.reduction, one.cost, one.source)
        for one in quantities
    )
    return table(("quantity", "unit", "formula, sign", "reduction", "cost", "source"), rows)


def _checks() -> str:
    rows = (
        (
            f"`{CHECKS[quantity]}`",
            f"`{quantity}`",
            *(f"{limits[name]:g}" for name in limits),
            f"without `{SUPERSEDED[quantity]}`" if quantity in SUPERSEDED else "always",
        )
        for quantity, limits in LIMITS.items()
    )
    precisions = next(iter(LIMITS.values()))
    limits_head = (f"limit, {name} run" for name in precisions)
    return table(("check", "quantity", *limits_head, "decides"), rows)


def _asked() -> str:
    anchors = ("loss terms followed back", "", *(str(ANCHORS[tier]) for tier in TIERS))
    rows = (
        (f"`{one.name}`", one.needs, *("yes" if one.is_in(tier) else "" for tier in TIERS))
        for one in PROBE_NAMES
    )
    return table(("name", "needs", *(f"`{tier}`" for tier in TIERS)), [anchors, *rows])


def _fields(view: type[View]) -> Iterator[str]:
    """A table a model: the answer first, then each part in the order in which it is named."""
    schema: Mapping[str, Any] = view.model_json_schema(mode="serialization")
    models: Mapping[str, Mapping[str, Any]] = schema.get("$defs", {})
    waiting, told = [("answer", schema)], {"answer"}
    while waiting:
        name, model = waiting.pop(0)
        rows = []
        for field, part in model.get("properties", {}).items():
            rows.append((f"`{field}`", part.get("description", "")))
            for below in _referred(part):
                if below not in told and "properties" in models[below]:
                    told.add(below)
                    waiting.append((below, models[below]))
        title = "The answer" if name == "answer" else f"`{name.removesuffix('View')}`"
        yield f"### {title}"
        yield table(("field", "meaning, unit"), rows)


def _referred(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        if "$ref" in part:
            yield str(part["$ref"]).rpartition("/")[2]
        for below in part.values():
            yield from _referred(below)
    elif isinstance(part, list):
        for below in part:
            yield from _referred(below)


if __name__ == "__main__":
    PAGE.write_text(page())
    findings_page.PAGE.write_text(findings_page.page())
    references_page.PAGE.write_text(references_page.page())
    cautions_page.PAGE.write_text(cautions_page.page())
