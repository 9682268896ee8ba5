from bench.diagnosis.truths import is_true


def test_nothing_is_right_of_a_run_that_learned() -> None:
    assert not is_true("no_better_than_baseline", has_failed=False, leaves={"no_signal"})


def test_an_outcome_is_right_whatever_the_cause() -> None:
    assert is_true("no_better_than_baseline", has_failed=True, leaves=())


def test_a_mechanism_is_right_if_a_right_cause_explains_it() -> None:
    assert is_true("exploding_gradient", has_failed=True, leaves={"expansive_recurrence"})
    assert not is_true("exploding_gradient", has_failed=True, leaves={"no_signal"})
