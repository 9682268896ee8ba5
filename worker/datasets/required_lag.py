"""How far back a target depends on the input: what the client declares wins."""

from app.domain.errors import InvalidData
from app.domain.specs.dataset import DependencyLag, LagRange
from app.domain.task import LagSource, RequiredLag


def known(*, shortest: int, longest: int, method: str) -> RequiredLag:
    """Lags spread evenly from shortest to longest; the longest is judged."""
    return RequiredLag(
        timesteps=longest,
        min=shortest,
        median=(shortest + longest + 1) // 2,
        max=longest,
        source=LagSource.TASK,
        method=method,
    )


def declared_or(
    declared: DependencyLag | None, otherwise: RequiredLag, *, length: int | None = None
) -> RequiredLag:
    """`length` is that of the longest training sequence, where the data alone tells it."""
    if declared is None:
        return otherwise
    shortest, longest = (
        (declared.min, declared.max) if isinstance(declared, LagRange) else (declared, declared)
    )
    if length is not None and longest > length - 1:
        detail = (
            f"dependency_lag {longest} is more than the longest training sequence has: {length - 1}"
        )
        raise InvalidData(detail)
    return RequiredLag(
        timesteps=longest,
        min=shortest,
        median=(shortest + longest + 1) // 2,
        max=longest,
        source=LagSource.DECLARED,
        method="declared as dataset.dependency_lag",
    )
