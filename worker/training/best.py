"""The weights of the best evaluation on validation data, kept beside those that train.

A score is better by the same rule as that of the run's `best` in the database, so that both are of
the same step.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import torch
from torch import Tensor

from app.domain.runs import BestScore
from app.domain.task import TaskFacts
from worker.models.network import SequenceModel
from worker.training.checkpoint import BEST, BestNotes, Checkpoint


@dataclass(frozen=True, kw_only=True)
class ScoredWeights:
    """Weights and what they scored."""

    score: BestScore
    #: By the names of a multi-layer torch module.
    tensors: Mapping[str, Tensor]


class BestWeights:
    """The best weights of one run; `known` is None before the first finite validation score."""

    def __init__(self, facts: TaskFacts) -> None:
        self._facts = facts
        self.known: ScoredWeights | None = None
        #: False after a checkpoint of format 1, which has no best weights: they are lost.
        self.is_kept = True

    def consider(self, model: SequenceModel, step: int, value: float) -> None:
        """Keep the weights where the judged metric on the judged split is the best so far."""
        earlier = None if self.known is None else self.known.score.value
        if not self.is_kept or not self._facts.mode.is_better(value, than=earlier):
            return
        score = BestScore(step=step, metric=self._facts.metric, value=value)
        present = {name: weight.detach() for name, weight in model.named_tensors()}
        if self.known is None:
            copies = {name: weight.clone() for name, weight in present.items()}
            self.known = ScoredWeights(score=score, tensors=copies)
            return
        for name, weight in present.items():
            self.known.tensors[name].copy_(weight)
        self.known = replace(self.known, score=score)

    def tensors(self) -> dict[str, Tensor]:
        """Named as in a checkpoint."""
        found = {} if self.known is None else self.known.tensors
        return {f"{BEST}/{name}": tensor for name, tensor in found.items()}

    def notes(self) -> BestNotes | None:
        return None if self.known is None else BestNotes(**asdict(self.known.score))

    def restore(self, checkpoint: Checkpoint, *, device: torch.device) -> None:
        notes = checkpoint.notes
        self.is_kept = notes.format != 1
        self.known = None
        if notes.best is not None:
            saved = checkpoint.part(BEST)
            copies = {name: tensor.to(device) for name, tensor in saved.items()}
            self.known = ScoredWeights(score=BestScore(**notes.best.model_dump()), tensors=copies)
