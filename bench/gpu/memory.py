"""What a run takes of the GPU's memory, and what its probes add."""

from collections.abc import Iterator, Sequence

import torch

from bench.gpu.conditions import KINDS, Conditions, Row, Verdict
from bench.gpu.training import make_spec, train_on

SIZES = (32, 128, 512, 1024)
#: With probes: eigenvalues of larger matrices take tens of seconds, and the program six minutes.
PROBED_SIZES = (128, 512)
MIB = 2**20


def measure(conditions: Conditions) -> Iterator[Row]:
    """A row for each kind, size and tier."""
    if not conditions.is_cuda:
        yield {"kind": "all", "is_applicable": False}
        return
    device = conditions.device
    torch.zeros(1, device=device)
    free, total = torch.cuda.mem_get_info(device)
    yield {"kind": "context alone", "is_applicable": True, "process_mib": (total - free) // MIB}
    for size in SIZES:
        for kind in KINDS:
            yield _row(device, kind, size, "off")
    for size in PROBED_SIZES:
        for kind, tier in (("gru", "standard"), ("lstm", "standard"), ("lstm", "full")):
            yield _row(device, kind, size, tier)


def _row(device: torch.device, kind: str, hidden_size: int, tier: str) -> Row:
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    spec = make_spec(
        {
            "model": {"kind": kind, "hidden_size": hidden_size},
            "training": {"num_steps": 3},
            "probes": {"tier": tier},
        }
    )
    train_on(spec, device)
    free, total = torch.cuda.mem_get_info(device)
    return {
        "kind": kind,
        "hidden_size": hidden_size,
        "tier": tier,
        "is_applicable": True,
        "max_allocated_mib": round((torch.cuda.max_memory_allocated(device) - before) / MIB, 1),
        "max_reserved_mib": round(torch.cuda.max_memory_reserved(device) / MIB, 1),
        "process_mib": (total - free) // MIB,
    }


def judge(rows: Sequence[Row]) -> Sequence[Verdict]:
    """What probes add to the peak of the run alone."""
    if not rows[0]["is_applicable"]:
        text = "Not applicable: torch counts no memory of a CPU."
        return (Verdict(is_right=None, sentence=text),)
    alone = {
        (row["kind"], row["hidden_size"]): row["max_allocated_mib"]
        for row in rows
        if row.get("tier") == "off"
    }
    verdicts = []
    for row in rows:
        plain, probed = (
            alone.get((row["kind"], row.get("hidden_size"))),
            row.get("max_allocated_mib"),
        )
        if row.get("tier") in {"standard", "full"} and isinstance(plain, float):
            text = (
                f"{row['kind']} H={row['hidden_size']}: {row['tier']} probes raise the peak from "
                f"{plain} to {probed} MiB."
            )
            verdicts.append(Verdict(is_right=None, sentence=text))
    return verdicts
