"""Builders of job specs for tests of the supervision."""

from app.domain.specs.job import JobSpec

#: Training that is long enough to be killed in the middle on any machine.
ENDLESS = {"num_steps": 1_000_000, "batch_size": 4, "evaluate_every": 1_000_000}


def make_spec(**changes: object) -> JobSpec:
    """A small elman network on `adding` that trains for a few steps."""
    body: dict[str, object] = {
        "model": {"kind": "elman", "hidden_size": 4},
        "dataset": {"kind": "adding", "length": 10},
        "training": {"num_steps": 20, "batch_size": 4},
    }
    return JobSpec.model_validate(body | changes)
