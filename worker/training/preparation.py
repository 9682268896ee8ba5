"""The network as training finds it."""

import torch

from app.domain.specs.init import Critical
from app.domain.specs.job import JobSpec
from worker.datasets.task import Task
from worker.models.criticality import make_critical_
from worker.models.initialisation import initialise
from worker.models.network import SequenceModel, build_model


def prepared_model(
    spec: JobSpec, task: Task, *, device: torch.device, dtype: torch.dtype
) -> SequenceModel:
    """The network with the weights that its seed makes."""
    model = build_model(spec.model, task.facts).to(dtype)
    lag = task.facts.required_lag.timesteps
    initialise(
        model,
        spec.init,
        forget_bias=spec.forget_bias,
        seed=spec.training.seed,
        longest_lag=task.facts.length - 1 if lag is None else lag,
    )
    if isinstance(spec.init.recurrent, Critical):
        training = spec.training
        batch = task.training_batch(0, batch_size=training.batch_size, seed=training.seed)
        make_critical_(model, batch.inputs_TBI.to(dtype), batch.lengths_B)
    return model.to(device)
