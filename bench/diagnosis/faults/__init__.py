"""Kinds of fault and look-alikes; two faults at once are listed here as pairs.

kind          what a kind of fault is
step_size     size and number of steps
memory        gradients that do not reach back, or grow
data          the data, and what the network sees of it
capacity      penalties, dropout, too little data or room
lookalikes    healthy runs that look sick
"""

from collections.abc import Mapping
from types import MappingProxyType

from bench.diagnosis.faults import capacity, data, lookalikes, memory, step_size
from bench.diagnosis.faults.kind import FaultKind

FAULTS: tuple[FaultKind, ...] = (
    *step_size.KINDS,
    *memory.KINDS,
    *data.KINDS,
    *capacity.KINDS,
)
LOOKALIKES: tuple[FaultKind, ...] = lookalikes.KINDS
BY_NAME: Mapping[str, FaultKind] = MappingProxyType(
    {kind.name: kind for kind in (*FAULTS, *LOOKALIKES)}
)
#: Two faults at once, each with a level at which it harms many tasks alone.
PAIRS: tuple[tuple[tuple[str, float], tuple[str, float]], ...] = (
    (("bptt_cut", 0.2), ("l2", 1e-2)),
    (("rate_too_low", 0.01), ("small_radius", 0.3)),
    (("rate_too_low", 0.01), ("closed_forget_gate", -5)),
    (("rate_too_high", 60), ("large_radius", 4)),
    (("too_few_steps", 0.2), ("l2", 1e-2)),
    (("outliers", 1e4), ("short_window", 0.2)),
    (("random_data", 1), ("rate_too_low", 0.01)),
    (("closed_forget_gate", -5), ("bptt_cut", 0.2)),
    (("few_data", 0.12), ("rate_too_high", 60)),
    (("rare_class", 0.05), ("rate_too_low", 0.01)),
    (("large_input_weights", 200), ("l1", 3e-3)),
    (("trend", 8), ("few_units", 2)),
    (("bias_noise", 40), ("rate_too_low", 0.03)),
)
#: Unusual values that rarely harm. They stand beside a fault, so that the job spec has two unusual
#: values and only the run tells which of them it suffers from.
DECOYS: tuple[tuple[str, float], ...] = (
    ("bias_noise", 2),
    ("bptt_cut", 0.5),
    ("l1", 3e-4),
    ("large_gate_weights", 4),
    ("large_input_weights", 8),
    ("small_recurrent_weights", 0.05),
    ("tight_clip_adam", 1e-4),
    ("large_eps", 1e-3),
    ("long_time_constants", 300),
    ("adam_decay", 1e-3),
    ("rate_too_high", 2),
    ("few_units", 12),
)
