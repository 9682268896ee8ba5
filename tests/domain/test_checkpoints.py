from app.domain.artifacts import writer_of
from app.domain.checkpoints import checkpoint_name


def test_two_attempts_never_write_the_same_file() -> None:
    names = [checkpoint_name(step, attempt) for step in (1, 12) for attempt in (1, 2)]

    assert len(set(names)) == 4
    assert sorted(names) == names


def test_the_state_of_the_best_step_has_a_file_of_its_own_whose_attempt_is_known() -> None:
    best = checkpoint_name(12, 3, for_resume=False)

    assert best != checkpoint_name(12, 3)
    assert writer_of(best) == 3
