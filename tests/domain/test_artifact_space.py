"""Which runs that wait for space are claimed again."""

from uuid import UUID

from app.domain.artifact_space import SpaceWanted, runs_that_fit


def wanted(number: int, num_bytes: int, *, is_held: bool = True) -> SpaceWanted:
    return SpaceWanted(run_id=UUID(int=number), num_bytes=num_bytes, is_held=is_held)


def test_runs_are_lifted_while_they_fit_together() -> None:
    entries = [wanted(1, 40), wanted(2, 50), wanted(3, 10)]

    assert runs_that_fit(entries, free_bytes=100) == (UUID(int=1), UUID(int=2), UUID(int=3))
    assert runs_that_fit(entries, free_bytes=99) == (UUID(int=1), UUID(int=2))


def test_a_run_that_does_not_fit_stops_no_smaller_one() -> None:
    assert runs_that_fit([wanted(1, 40), wanted(2, 4)], free_bytes=39) == (UUID(int=2),)


def test_space_of_runs_that_were_lifted_before_is_spoken_for() -> None:
    entries = [wanted(1, 40), wanted(2, 60, is_held=False)]

    assert runs_that_fit(entries, free_bytes=99) == ()
    assert runs_that_fit(entries, free_bytes=100) == (UUID(int=1),)


def test_a_run_that_needs_an_unknown_amount_is_lifted() -> None:
    assert runs_that_fit([wanted(1, 0)], free_bytes=0) == (UUID(int=1),)
