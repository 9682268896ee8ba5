"""Which mutants are tried, and what a survivor is."""

import pytest

from tests.mutation.mutants import (
    NOT_PYTHON,
    SAME,
    SIGNATURE,
    Equivalent,
    Mutant,
    Outcome,
    changed_lines,
    split_survivors,
    why_skipped,
)

START = (1, 0)


def mutant(outcome: Outcome = Outcome.SURVIVED, *, after: str = "a <= b") -> Mutant:
    return Mutant(
        module="app/domain/runs.py",
        operator="core/ReplaceComparisonOperator_Lt_LtE",
        outcome=outcome,
        line_number=3,
        before="a < b",
        after=after,
    )


@pytest.mark.parametrize(
    "operator",
    [
        "core/NumberReplacer",
        "core/ReplaceBinaryOperator_Add_Sub",
        "core/ReplaceBinaryOperator_BitAnd_Add",
        "core/ReplaceComparisonOperator_Lt_LtE",
        "core/ReplaceComparisonOperator_Is_IsNot",
    ],
)
def test_a_change_that_a_test_could_notice_is_tried(operator: str) -> None:
    assert why_skipped(operator, "x = a + b", "x = a - b", place=START) is None


@pytest.mark.parametrize(
    "operator",
    [
        "core/ReplaceBinaryOperator_Add_LShift",
        "core/ReplaceBinaryOperator_BitOr_Sub",
        "core/ReplaceComparisonOperator_Gt_Is",
        "core/ReplaceComparisonOperator_Eq_IsNot",
    ],
)
def test_a_change_that_any_test_notices_is_skipped(operator: str) -> None:
    assert why_skipped(operator, "x = a + b", "x = a - b", place=START)


def test_what_is_no_other_program_is_skipped() -> None:
    number = "core/NumberReplacer"
    power = "core/ReplaceBinaryOperator_Pow_Sub"

    assert why_skipped(number, "x = 1e30", "x =  1e+30", place=START) == SAME
    assert why_skipped(power, "x = {**a}", "x = {-a, }-", place=START) == NOT_PYTHON


def test_the_star_of_a_signature_is_not_multiplied() -> None:
    original, mutated = "def f(a, *, b): ...", "def f(a, /, b): ..."

    reason = why_skipped("core/ReplaceBinaryOperator_Mul_Div", original, mutated, place=(1, 9))

    assert reason == SIGNATURE


def test_a_diff_tells_what_a_line_was_and_became() -> None:
    diff = "--- mutation diff ---\n--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-    a < b\n+    a <= b\n"

    assert changed_lines(diff) == ("a < b", "a <= b")


def test_a_line_that_was_deleted_became_nothing() -> None:
    diff = "--- a/x.py\n+++ b/x.py\n@@ -1,3 +1 @@\n-\n-    @property\n     def a(self): ...\n"

    assert changed_lines(diff) == ("@property", "")


def test_a_survivor_is_excused_where_it_is_listed_as_equivalent() -> None:
    listed = Equivalent(
        module="app/domain/runs.py", before="a < b", after="a <= b", reason="a is never b"
    )
    excused, survivor = mutant(), mutant(after="a > b")

    found = split_survivors([excused, survivor, mutant(Outcome.KILLED)], [listed])

    assert found == ([survivor], [(excused, listed)])
