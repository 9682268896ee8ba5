"""The pause between two polls of the database."""

import pytest

from app.api.protocol.event_hub import pause_s


@pytest.mark.parametrize(
    ("poll_s", "pause"),
    [(0.0, 0.05), (0.001, 0.05), (0.005, 0.1), (3.0, 0.2)],
)
def test_the_pause_grows_with_the_cost_of_a_poll(poll_s: float, pause: float) -> None:
    assert pause_s(poll_s) == pytest.approx(pause)


def test_streams_alone_are_polled_five_times_a_second_at_most() -> None:
    assert pause_s(0.001, is_urgent=False) == pytest.approx(0.2)
