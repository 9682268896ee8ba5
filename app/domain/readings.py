"""Chooses the series of a run that a client asks for, by quantity and scope.

Quantities of every step exist from the start of a run, metrics and scalars of probes from their
first reading on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.errors import InvalidInput, Problem
from app.domain.quantities import PER_TENSOR, SCALARS, series_names, unit_of
from app.domain.scopes import Scope, ScopeKind

MODEL = str(Scope.model())
#: Scopes that an error lists at most.
MAX_SCOPES_LISTED = 40


@dataclass(frozen=True, kw_only=True)
class SeriesName:
    """One series."""

    quantity: str
    #: As the client wrote it; it may not exist.
    scope: str

    @property
    def tensor(self) -> str | None:
        """Torch's name of the parameter; None for other scopes."""
        try:
            scope = Scope.parse(self.scope)
        except ValueError:
            return None
        return scope.name if scope.kind is ScopeKind.TENSOR else None

    @property
    def unit(self) -> str:
        return unit_of(self.quantity)


@dataclass(frozen=True, kw_only=True)
class Available:
    """What can be read of one run."""

    tensor_names: Sequence[str]
    #: Quantity -> scopes, for quantities that are not measured at every step.
    scalar_scopes: Mapping[str, Sequence[str]]
    #: The metric that the task is judged by, which may not have been measured yet.
    metric: str | None

    def scopes(self, quantity: str) -> tuple[str, ...]:
        per_step = (MODEL,) if quantity in SCALARS else ()
        names = self.tensor_names if quantity in PER_TENSOR else ()
        tensors = (str(Scope.tensor(name)) for name in names)
        return (*per_step, *tensors, *self.scalar_scopes.get(quantity, ()))

    def quantities(self) -> tuple[str, ...]:
        """Returns all quantities that have readings or may get some, sorted by name."""
        has_metric = {self.metric} if self.metric else set()
        return tuple(sorted({*series_names(), *self.scalar_scopes, *has_metric}))


def choose_series(
    available: Available, *, quantities: Sequence[str], scopes: Sequence[str]
) -> tuple[SeriesName, ...]:
    """Returns each quantity in each of the requested scopes that it has.

    Without requested scopes, a quantity is read in the scope `model` if it has that, otherwise in
    all its scopes. Raises InvalidInput that lists the quantities or scopes that exist.
    """
    problems: list[Problem] = []
    chosen: list[SeriesName] = []
    known = available.quantities()
    for quantity in dict.fromkeys(quantities):
        if quantity not in known:
            detail = f"There is no quantity {quantity[:100]!r}; there are {', '.join(known)}."
            problems.append(Problem(pointer="query/quantity", detail=detail, code="unknown"))
            continue
        there = available.scopes(quantity)
        found = _matching(there, scopes)
        if there and not found:
            problems.append(_no_such_scope(quantity, scopes, there))
        # a quantity that was not measured yet gives an empty series, not an error
        wanted = found or tuple(scopes) or (MODEL,)
        chosen += [SeriesName(quantity=quantity, scope=scope) for scope in wanted]
    if problems:
        raise InvalidInput(problems[0].detail, problems=problems)
    return tuple(chosen)


def _matching(there: Sequence[str], scopes: Sequence[str]) -> tuple[str, ...]:
    if scopes:
        return tuple(scope for scope in dict.fromkeys(scopes) if scope in there)
    return (MODEL,) if MODEL in there else tuple(there)


def _no_such_scope(quantity: str, scopes: Sequence[str], there: Sequence[str]) -> Problem:
    listed = ", ".join(there[:MAX_SCOPES_LISTED])
    more = ", …" if len(there) > MAX_SCOPES_LISTED else ""
    given = ", ".join(scope[:100] for scope in scopes)
    detail = f"{quantity} is not read in the scope {given}; its scopes are {listed}{more}."
    return Problem(pointer="query/scope", detail=detail, code="unknown")
