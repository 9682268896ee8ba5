from app.domain.rollbacks import Rollback, RollbackSummary


def test_the_last_rollback_tells_how_many_there_were_and_what_the_rate_is_now() -> None:
    last = Rollback(
        step=120,
        to_step=100,
        failure="loss",
        factor=0.5,
        is_measured=True,
        rate_factor=0.2,
        number=3,
    )

    found = RollbackSummary.up_to(last)

    assert found == RollbackSummary(count=3, learning_rate_factor=0.2, last_step=120)
