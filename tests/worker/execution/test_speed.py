from worker.execution.commands import Device
from worker.execution.speed import measured


def test_the_preferred_device_has_its_speed() -> None:
    cpu = Device(name="cpu", memory_bytes=1)

    (found,) = measured((cpu,))

    assert found.slowness is not None
    # neither a tenth nor a hundred times the seconds of the formula
    assert 0.1 < found.slowness < 100
