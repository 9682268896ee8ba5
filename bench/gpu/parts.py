"""All that is measured, in the order in which it is measured."""

from dataclasses import dataclass

from bench.gpu import bits, cuda_tests, instruments, lags, machine, memory, speed, syncs
from bench.gpu.conditions import Judge, Measure


@dataclass(frozen=True, kw_only=True)
class Part:
    """One table of the page."""

    name: str
    title: str
    #: Seconds after which it is stopped; what it has measured by then is kept.
    limit_s: float
    measure: Measure
    judge: Judge


PARTS = (
    Part(
        name="machine",
        title="The machine",
        limit_s=40,
        measure=machine.measure,
        judge=machine.judge,
    ),
    Part(
        name="syncs",
        title="Waits of the host for the device",
        limit_s=60,
        measure=syncs.measure,
        judge=syncs.judge,
    ),
    Part(
        name="bits",
        title="The same bits",
        limit_s=60,
        measure=bits.measure,
        judge=bits.judge,
    ),
    Part(
        name="lags",
        title="Probes on the device and on the CPU",
        limit_s=40,
        measure=lags.measure,
        judge=lags.judge,
    ),
    Part(
        name="tests",
        title="Tests that need a GPU",
        limit_s=80,
        measure=cuda_tests.measure,
        judge=cuda_tests.judge,
    ),
    Part(
        name="speed",
        title="Steps a second",
        limit_s=80,
        measure=speed.measure,
        judge=speed.judge,
    ),
    Part(
        name="memory",
        title="Memory",
        limit_s=60,
        measure=memory.measure,
        judge=memory.judge,
    ),
    Part(
        name="instruments",
        title="What the instruments cost",
        limit_s=130,
        measure=instruments.measure,
        judge=instruments.judge,
    ),
)
