"""What was measured, beside its budget."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """One figure; without a budget it is printed for comparison alone."""

    name: str
    value: float
    unit: str
    budget: float | None = None

    def line(self) -> str:
        budget, verdict = "", ""
        if self.budget is not None:
            budget = f"{self.budget:g}"
            verdict = "kept" if self.value <= self.budget else "MISSED"
        return f"{self.name:<46} {self.value:10.3g} {self.unit:<10} {budget:>8} {verdict}"


def print_results(title: str, results: list[Result]) -> None:
    """Prints a table, with the load of the machine at this moment."""
    load = os.getloadavg()[0]
    print(f"\n{title} (load {load:.1f})")
    for one in results:
        print(one.line(), flush=True)
