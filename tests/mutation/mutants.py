"""Mutants of the domain: what became of each, and which ones tell nothing."""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What the tests made of a mutant."""

    KILLED = "killed"
    SURVIVED = "survived"
    SKIPPED = "skipped"
    #: Not tried yet, or the tool failed.
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One small change of one module."""

    module: str
    #: As cosmic-ray names it, for example `core/NumberReplacer`.
    operator: str
    outcome: Outcome
    #: Killed because the module or its tests could not be imported any more.
    at_import: bool = False
    line_number: int
    #: The lines that were changed, and what they became; empty where it was skipped.
    before: str = ""
    after: str = ""


@dataclass(frozen=True, kw_only=True)
class Equivalent:
    """A mutant that does what the original does, so that no test can tell them apart."""

    module: str
    before: str
    after: str
    reason: str

    def is_same_as(self, mutant: Mutant) -> bool:
        return (self.module, self.before, self.after) == (
            mutant.module,
            mutant.before,
            mutant.after,
        )


#: Reason -> operators that are never tried, as a pattern.
SKIPPED_OPERATORS = {
    "a bitwise operator in place of arithmetic raises TypeError on the first float": re.compile(
        r"core/ReplaceBinaryOperator_\w+_(RShift|LShift|BitOr|BitAnd|BitXor)"
    ),
    "`|` joins types here, and no other operator does": re.compile(
        r"core/ReplaceBinaryOperator_BitOr_\w+"
    ),
    "`is` in place of a comparison of values is false for nearly all of them": re.compile(
        r"core/ReplaceComparisonOperator_(?!Is)\w+_(Is|IsNot)"
    ),
}
SIGNATURE = "the `*` of a signature is no operator"
NOT_PYTHON = "the result is no Python, for example where the `**` of a dictionary is replaced"
SAME = "the result is the same program, for example 1e30 + 1"


def why_skipped(
    operator: str, original: str, mutated: str, *, place: tuple[int, int]
) -> str | None:
    """Why a mutant is not tried; None where it is. The place is a line from 1 and a column."""
    for reason, pattern in SKIPPED_OPERATORS.items():
        if pattern.fullmatch(operator):
            return reason
    row, column = place
    if original.splitlines()[row - 1][column:].startswith("*,"):
        return SIGNATURE
    try:
        tree = ast.parse(mutated)
    except SyntaxError:
        return NOT_PYTHON
    return SAME if ast.dump(tree) == ast.dump(ast.parse(original)) else None


def changed_lines(diff: str) -> tuple[str, str]:
    """The removed and the added lines of a unified diff, without indentation."""
    removed = [line[1:].strip() for line in diff.splitlines() if re.match(r"-(?!--)", line)]
    added = [line[1:].strip() for line in diff.splitlines() if re.match(r"\+(?!\+\+)", line)]
    return " ".join(filter(None, removed)), " ".join(filter(None, added))


def split_survivors(
    mutants: Sequence[Mutant], equivalents: Sequence[Equivalent]
) -> tuple[list[Mutant], list[tuple[Mutant, Equivalent]]]:
    """Those that a test should kill, and those that no test can kill."""
    open_ones: list[Mutant] = []
    excused: list[tuple[Mutant, Equivalent]] = []
    for mutant in mutants:
        if mutant.outcome is not Outcome.SURVIVED:
            continue
        same = next((one for one in equivalents if one.is_same_as(mutant)), None)
        if same is None:
            open_ones.append(mutant)
        else:
            excused.append((mutant, same))
    return open_ones, excused
