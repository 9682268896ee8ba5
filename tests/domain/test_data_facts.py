from app.domain.data_facts import ColumnShift, LongerContext, RangeShift


def column(name: str, share: float) -> ColumnShift:
    return ColumnShift(column=name, outside_share=share, outside_distance=1.0, level_move=0.5)


def test_the_largest_shift_is_that_of_any_column() -> None:
    target, wide, narrow = column("y", 0.2), column("a", 0.9), column("b", 0.1)

    assert RangeShift(target=target, inputs=(wide, narrow)).largest == wide
    assert RangeShift(target=target, inputs=(narrow,)).largest == target
    assert RangeShift(target=None, inputs=(narrow,)).largest == narrow
    assert RangeShift(target=None).largest is None


def test_a_longer_context_gains_over_the_best_that_is_shown() -> None:
    losses = [1.0, 0.75, 0.5, 0.625, 0.25, 0.245]

    found = LongerContext.of(losses, shown=3, tolerance=0.01, chance=0.125)

    assert (found.shown, found.enough, found.tried) == (3, 4, 5)
    assert found.gain == 0.5 - 0.245
    assert found.chance == 0.125
