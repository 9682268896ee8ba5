"""The network before its first step."""

import torch

from app.domain.specs.init.base import DataDependentInit
from app.domain.specs.job import JobSpec
from worker.datasets.task import Task
from worker.models.drive import scale_to_drive_
from worker.models.initialisation import Initialiser
from worker.models.network import SequenceModel, build_model


def prepared_model(
    spec: JobSpec, task: Task, *, device: torch.device, dtype: torch.dtype
) -> SequenceModel:
    """The network with the initial weights of its seed."""
    model = build_model(spec.model, task.facts).to(dtype)
    lag = task.facts.required_lag.timesteps
    Initialiser(
        init=spec.init,
        seed=spec.training.seed,
        forget_bias=spec.forget_bias,
        longest_lag=task.facts.length - 1 if lag is None else lag,
    ).initialise_(model)
    if isinstance(spec.init.recurrent, DataDependentInit):
        training = spec.training
        batch = task.training_batch(0, batch_size=training.batch_size, seed=training.seed)
        scale_to_drive_(model, spec.init.recurrent, batch.inputs_TBI.to(dtype), batch.lengths_B)
    return model.to(device)
