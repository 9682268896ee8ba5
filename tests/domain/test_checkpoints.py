from app.domain.checkpoints import checkpoint_name


def test_two_attempts_never_write_the_same_file() -> None:
    names = [checkpoint_name(step, attempt) for step in (1, 12) for attempt in (1, 2)]

    assert len(set(names)) == 4
    assert sorted(names) == names
