"""Writes what became of the mutants as a page for people."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tests.mutation.mutants import (
    NOT_PYTHON,
    SAME,
    SIGNATURE,
    SKIPPED_OPERATORS,
    Equivalent,
    Mutant,
    Outcome,
    split_survivors,
)

HEAD = """\
# Mutation testing of the domain

Written by `make mutants`; never edited by hand. [cosmic-ray](https://cosmic-ray.readthedocs.io)
{version} changes one operator, number, condition, decorator or loop of a module at a time. The
tests in `tests/domain`, and no others, then run on the changed module: a mutant is *killed* when
one of them fails or when they take longer than {timeout_s} s, and *survives* when all pass. A
survivor is a change that no test would notice, or it is *equivalent*: it changes no behaviour.
"""
LIMITS = """\
## What is not tried

Skipped mutants are in no figure but the first column:

{skipped}

cosmic-ray has no operator that deletes a statement, drops a term, changes a string, or swaps two
names. Modules that are not in the table have not been tried.
"""


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """Under which the mutants were tried."""

    version: str
    timeout_s: float
    commit: str
    finished_at: str
    num_tests: int


def rate(num_killed: int, num_tried: int) -> str:
    return f"{100 * num_killed / num_tried:.1f} %" if num_tried else "–"


def page(mutants: Sequence[Mutant], equivalents: Sequence[Equivalent], about: Circumstances) -> str:
    survivors, excused = split_survivors(mutants, equivalents)
    parts = [
        HEAD.format(version=about.version, timeout_s=f"{about.timeout_s:g}"),
        _sentence(mutants, excused, about),
        _table(mutants, excused),
        "## Operators\n\n" + _operators(mutants),
        LIMITS.format(
            skipped="\n".join(
                f"- {reason}" for reason in (*SKIPPED_OPERATORS, SIGNATURE, NOT_PYTHON, SAME)
            )
        ),
        "## Equivalent survivors\n\n" + _excused(excused),
        "## Other survivors\n\n" + _survivors(survivors),
    ]
    return "\n".join(f"{part.rstrip()}\n" for part in parts)


def _sentence(
    mutants: Sequence[Mutant], excused: Sequence[tuple[Mutant, Equivalent]], about: Circumstances
) -> str:
    count = Counter(one.outcome for one in mutants)
    killed, survived = count[Outcome.KILLED], count[Outcome.SURVIVED]
    untried = f" {left} more have not been tried yet." if (left := count[Outcome.UNKNOWN]) else ""
    return (
        f"At commit `{about.commit}`, finished {about.finished_at}, {about.num_tests} tests killed "
        f"**{killed} of {killed + survived} mutants ({rate(killed, killed + survived)})**; "
        f"{len(excused)} of the {survived} survivors are equivalent.{untried}"
    )


def _table(mutants: Sequence[Mutant], excused: Sequence[tuple[Mutant, Equivalent]]) -> str:
    equivalent = Counter(mutant.module for mutant, _ in excused)
    columns = "mutants | skipped | tried | killed | at import | survived | equivalent | rate"
    lines = [f"| module | {columns} |", "|---|--:|--:|--:|--:|--:|--:|--:|--:|"]
    for module in [*sorted({one.module for one in mutants}), "all"]:
        own = [one for one in mutants if module in (one.module, "all")]
        count = Counter(one.outcome for one in own)
        killed, survived = count[Outcome.KILLED], count[Outcome.SURVIVED]
        num_equivalent = equivalent.total() if module == "all" else equivalent[module]
        lines.append(
            f"| {f'**{module}**' if module == 'all' else f'`{module}`'} | {len(own)} "
            f"| {count[Outcome.SKIPPED]} | {killed + survived} | {killed} "
            f"| {sum(one.at_import for one in own)} | {survived} | {num_equivalent} "
            f"| {rate(killed, killed + survived)} |"
        )
    return "\n".join(lines)


def _operators(mutants: Sequence[Mutant]) -> str:
    tried: Counter[str] = Counter()
    killed: Counter[str] = Counter()
    for one in mutants:
        if one.outcome in (Outcome.KILLED, Outcome.SURVIVED):
            family = one.operator.removeprefix("core/").partition("_")[0]
            tried[family] += 1
            killed[family] += one.outcome is Outcome.KILLED
    lines = ["| operator | tried | killed |", "|---|--:|--:|"]
    lines += [f"| {name} | {tried[name]} | {killed[name]} |" for name in sorted(tried)]
    return "\n".join(lines)


def _excused(excused: Sequence[tuple[Mutant, Equivalent]]) -> str:
    lines = ["| line | change | why it changes nothing |", "|---|---|---|"]
    lines += [f"| {_place(one)} | {_change(one)} | {same.reason} |" for one, same in excused]
    return "\n".join(lines) if excused else "None."


def _survivors(survivors: Sequence[Mutant]) -> str:
    lines = ["| line | change |", "|---|---|"]
    lines += [f"| {_place(one)} | {_change(one)} |" for one in survivors]
    return "\n".join(lines) if survivors else "None."


def _place(mutant: Mutant) -> str:
    return f"`{mutant.module}:{mutant.line_number}`"


def _change(mutant: Mutant) -> str:
    """Both lines as code, the bars in them escaped for a table."""
    before, after = (line.replace("|", "\\|") for line in (mutant.before, mutant.after))
    return f"`{before}` → `{after}`"
