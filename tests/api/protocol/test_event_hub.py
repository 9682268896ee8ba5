"""How often the database is asked for what is new."""

import pytest

from app.api.protocol.event_hub import rest_s


@pytest.mark.parametrize(
    ("look_s", "rest"),
    [(0.0, 0.05), (0.001, 0.05), (0.005, 0.1), (3.0, 0.2)],
)
def test_the_database_rests_the_longer_the_dearer_a_look_is(look_s: float, rest: float) -> None:
    assert rest_s(look_s) == pytest.approx(rest)
