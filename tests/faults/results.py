"""What an experiment has found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Figure = int | float | str


@dataclass(frozen=True, kw_only=True)
class Result:
    """Of one experiment."""

    #: Nothing of what was promised was broken.
    passed: bool
    #: What was counted and measured, by names that carry their unit.
    figures: Mapping[str, Figure]
    #: What went wrong, the first few times.
    complaints: Sequence[str] = field(default=())


def spread(seconds: Sequence[float], *, digits: int = 2) -> str:
    """Median, 99th percentile (nearest rank) and longest."""
    if not seconds:
        return "none measured"
    ordered = sorted(seconds)
    return (
        f"median {quantile(ordered, 0.5):.{digits}f}, p99 {quantile(ordered, 0.99):.{digits}f}, "
        f"longest {ordered[-1]:.{digits}f} of {len(ordered)}"
    )


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of them does not exceed."""
    ordered = sorted(values)
    rank = -(-share * len(ordered) // 1)
    return ordered[max(0, int(rank) - 1)]


def judged(checks: Mapping[str, bool], figures: Mapping[str, Figure]) -> Result:
    """Passed when all checks hold; a check is named by what is wrong when it does not."""
    complaints = [words for words, holds in checks.items() if not holds]
    return Result(passed=not complaints, figures=figures, complaints=complaints)
