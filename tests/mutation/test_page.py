"""The page has the figures, with what they are shares of."""

from tests.mutation.mutants import Equivalent, Mutant, Outcome
from tests.mutation.page import Circumstances, page

ABOUT = Circumstances(
    version="8.7.0", timeout_s=60.0, commit="abc", finished_at="today", num_tests=12
)
EQUIVALENT = Equivalent(
    module="app/domain/runs.py", before="a | b", after="a or b", reason="both are flags"
)


def mutant(outcome: Outcome, *, module: str = "runs", after: str = "", line: int = 1) -> Mutant:
    return Mutant(
        module=f"app/domain/{module}.py",
        operator="core/ReplaceBinaryOperator_Add_Sub",
        outcome=outcome,
        line_number=line,
        before="a | b",
        after=after,
    )


MUTANTS = [
    *[mutant(Outcome.KILLED)] * 5,
    mutant(Outcome.SKIPPED),
    mutant(Outcome.SURVIVED, after="a or b", line=7),
    mutant(Outcome.SURVIVED, after="a & b", line=8),
    *[mutant(Outcome.KILLED, module="quotas")] * 3,
]


def test_rates_are_of_the_mutants_that_were_tried() -> None:
    written = page(MUTANTS, [EQUIVALENT], ABOUT)

    assert "12 tests killed **8 of 10 mutants (80.0 %)**" in written
    assert "| `app/domain/runs.py` | 8 | 1 | 7 | 5 | 0 | 2 | 1 | 71.4 % |" in written
    assert "| `app/domain/quotas.py` | 3 | 0 | 3 | 3 | 0 | 0 | 0 | 100.0 % |" in written
    assert "| **all** | 11 | 1 | 10 | 8 | 0 | 2 | 1 | 80.0 % |" in written
    assert "| ReplaceBinaryOperator | 10 | 8 |" in written


def test_each_survivor_is_told_with_its_line() -> None:
    excused, others = page(MUTANTS, [EQUIVALENT], ABOUT).split("## Other survivors")

    assert "| `app/domain/runs.py:7` | `a \\| b` → `a or b` | both are flags |" in excused
    assert "| `app/domain/runs.py:8` | `a \\| b` → `a & b` |" in others


def test_mutants_that_were_not_tried_are_in_no_rate() -> None:
    written = page([mutant(Outcome.KILLED), mutant(Outcome.UNKNOWN)], [], ABOUT)

    assert "killed **1 of 1 mutants (100.0 %)**" in written
    assert "1 more have not been tried yet." in written


def test_without_survivors_none_are_told() -> None:
    written = page([mutant(Outcome.KILLED)], [], ABOUT)

    assert written.count("\n\nNone.\n") == 2
