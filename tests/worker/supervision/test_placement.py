import pytest

from worker.supervision.placement import place

GPUS = ("cpu", "cuda:0", "cuda:1")


@pytest.mark.parametrize(
    ("wanted", "devices", "slot", "placed"),
    [
        ("auto", ("cpu",), 1, "cpu"),
        ("auto", GPUS, 0, "cuda:0"),
        ("auto", GPUS, 3, "cuda:1"),
        ("cuda", GPUS, 1, "cuda:1"),
        ("cuda:0", GPUS, 1, "cuda:0"),
        ("cpu", GPUS, 1, "cpu"),
    ],
)
def test_a_run_gets_what_it_names_and_else_the_slots_share_the_gpus(
    wanted: str, devices: tuple[str, ...], slot: int, placed: str
) -> None:
    assert place(wanted, devices, slot=slot) == placed
