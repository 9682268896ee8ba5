from dataclasses import dataclass

import pytest

from worker.supervision.quick_preflights import QuickPreflights
from worker.supervision.stop_signal import StopSignal


@dataclass
class Slots:
    has_place_for_preflights: bool
    num_looks: int = 0

    def start_quick_preflight(self) -> bool:
        self.num_looks += 1
        return False


@pytest.mark.parametrize(("has_place", "num_looks"), [(True, 0), (False, 1)])
def test_quick_preflights_are_looked_for_only_while_no_slot_can_take_one(
    has_place: bool,  # noqa: FBT001 - a parameter of the test
    num_looks: int,
) -> None:
    slots = Slots(has_place_for_preflights=has_place)

    QuickPreflights(slots, StopSignal()).look()

    assert slots.num_looks == num_looks
