"""Predict the next character of a text.

The text is cut once into training, validation and test; characters that the training part lacks
share one symbol.
Shapes: T timesteps, B sequences, V symbols.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch.nn import functional

from app.domain.datasets import decode
from app.domain.errors import InvalidData
from app.domain.scopes import SPLITS, Split
from app.domain.seeding import numpy_generator
from app.domain.specs.dataset.text import TextSpec
from app.domain.splits import bounds
from app.domain.task import Baseline, MetricMode, RequiredLag, TaskFacts
from app.domain.telemetry import DoubleArray, IntArray
from app.domain.text_symbols import code_points, known_symbols
from worker.datasets.maker import TaskOfUpload
from worker.datasets.objectives import BitsPerCharacter
from worker.datasets.sampling import evaluation_size
from worker.datasets.task import Batch, Task
from worker.datasets.text_lag import TOO_FEW, TextContext
from worker.datasets.usage import ClassOutput, SymbolInput, Usage


class TextData:
    """Stretches of the training part, at random starts."""

    def __init__(self, codes: IntArray, *, length: int, num_symbols: int, seed: int) -> None:
        self.codes = codes
        self._length = length
        self.num_symbols = num_symbols
        self._seed = seed

    @property
    def num_items(self) -> int:
        return len(self.codes) - self._length

    def batch(self, step: int, *, batch_size: int, seed: int) -> Batch:
        rng = numpy_generator(self._seed, "batch", seed, step)
        start_B = rng.integers(0, len(self.codes) - self._length, batch_size).astype(np.int32)
        return stretches(self.codes, start_B, length=self._length, num_symbols=self.num_symbols)


def stretches(codes: IntArray, start_B: IntArray, *, length: int, num_symbols: int) -> Batch:
    """Each character's target is the one after it."""
    rows_TB = torch.from_numpy(codes[start_B + np.arange(length + 1)[:, None]].astype(np.int64))
    return Batch(
        inputs_TBI=functional.one_hot(rows_TB[:-1], num_symbols).float(), targets=rows_TB[1:]
    )


def build_text(spec: TextSpec, upload: bytes) -> Task:
    text = decode(upload)
    ends = bounds(len(text), spec.split, what="characters")
    codes, symbols = _encode(text, ends[0])
    num_symbols = len(symbols) + 1
    parts = dict(zip(SPLITS, np.split(codes, ends[:2]), strict=True))
    for split, part in parts.items():
        if part.size and len(part) <= spec.length:
            detail = f"the {split} part has {len(part)} characters: "
            detail += f"too few for sequences of {spec.length} and a target"
            raise InvalidData(detail)
    evaluation = {
        split: _spaced(part, spec, num_symbols, rng=numpy_generator(spec.seed, "evaluation", split))
        for split, part in parts.items()
        if part.size
    }
    return Task(
        facts=_facts(spec, parts, evaluation, num_symbols),
        objective=BitsPerCharacter(),
        data=TextData(parts["train"], length=spec.length, num_symbols=num_symbols, seed=spec.seed),
        evaluation=evaluation,
        usage=Usage(
            input=SymbolInput(symbols=(None, *symbols)),
            output=ClassOutput(classes=(None, *symbols)),
            meaning="at each character the one that follows it",
            max_timesteps=spec.length,
        ),
    )


def _encode(text: str, train_end: int) -> tuple[IntArray, Sequence[str]]:
    """Codes of all characters, and the symbols of codes 1, 2, …; 0 is any other character."""
    points = code_points(text)
    known = known_symbols(points[:train_end])
    place = np.searchsorted(known, points).clip(max=len(known) - 1)
    codes = np.where(known[place] == points, place + 1, 0).astype(np.int32)
    return codes, [chr(point) for point in known]


def _spaced(part: IntArray, spec: TextSpec, num_symbols: int, *, rng: np.random.Generator) -> Batch:
    """Consecutive stretches; evenly spaced ones where there are more than are evaluated.

    In random order: probes use the first ones, and neighbours are alike.
    """
    length, most = spec.length, evaluation_size(length=spec.length, input_size=num_symbols)
    start_B = np.arange(0, len(part) - length, length, dtype=np.int32)
    if len(start_B) > most:
        start_B = np.linspace(0, len(part) - length - 1, most).astype(np.int32)
    return stretches(part, rng.permutation(start_B), length=length, num_symbols=num_symbols)


def ngram_surprise(train: IntArray, num_symbols: int) -> tuple[DoubleArray, DoubleArray]:
    """(V,) and (V, V): -ln p of a symbol, and of a symbol after another one, in nats.

    By the training part's unigrams (add-one) and bigrams (Witten-Bell).
    """
    unigram_V = np.bincount(train, minlength=num_symbols) + 1.0
    unigram_V /= unigram_V.sum()
    pairs_VV = np.zeros((num_symbols, num_symbols))
    np.add.at(pairs_VV, (train[:-1], train[1:]), 1.0)
    # the unigram has the weight of one observation for each symbol that followed
    weight_V1 = np.maximum(1, (pairs_VV > 0).sum(axis=1))[:, None]
    smoothed_VV = pairs_VV + weight_V1 * unigram_V
    smoothed_VV /= smoothed_VV.sum(axis=1, keepdims=True)
    return -np.log(unigram_V), -np.log(smoothed_VV)


def _estimated_lag(
    spec: TextSpec, parts: Mapping[Split, IntArray], context: TextContext | None
) -> RequiredLag:
    if not parts["validation"].size:
        return RequiredLag(method="no validation part to estimate it on")
    if context is None:
        return RequiredLag(method=TOO_FEW)
    return context.required_lag(length=spec.length)


def _facts(
    spec: TextSpec,
    parts: dict[Split, IntArray],
    evaluation: Mapping[Split, Batch],
    num_symbols: int,
) -> TaskFacts:
    context = TextContext.of(parts["train"], parts["validation"], num_symbols)
    return TaskFacts(
        metric="bits_per_character",
        mode=MetricMode.MINIMISE,
        baselines=_baselines(parts["train"], evaluation, num_symbols),
        required_lag=spec.declared_lag() or _estimated_lag(spec, parts, context),
        longer_context=None if context is None else context.longer_context(length=spec.length),
        length=spec.length,
        input_size=num_symbols,
        output_size=num_symbols,
        many_to_one=False,
    )


def _baselines(
    train: IntArray, evaluation: Mapping[Split, Batch], num_symbols: int
) -> tuple[Baseline, ...]:
    """Scored on the timesteps that the network is scored on."""
    unigram_V, bigram_VV = ngram_surprise(train, num_symbols)
    unigram: dict[Split, float | None] = {}
    bigram: dict[Split, float | None] = {}
    for split, batch in evaluation.items():
        before_TB, target_TB = batch.inputs_TBI.argmax(dim=-1).numpy(), batch.targets.numpy()
        unigram[split] = float(unigram_V[target_TB].mean()) / math.log(2)
        bigram[split] = float(bigram_VV[before_TB, target_TB].mean()) / math.log(2)
    return (
        _measured("bigram", bigram, "pairs of the training part, Witten-Bell smoothed"),
        _measured("unigram", unigram, "frequencies of the training part, add-one smoothed"),
    )


def _measured(name: str, scores: Mapping[Split, float | None], source: str) -> Baseline:
    value = next(scores[split] for split in ("validation", "test", "train") if split in scores)
    return Baseline(
        name=name, metric="bits_per_character", value=value or 0.0, scores=scores, source=source
    )


TEXT = TaskOfUpload(spec=TextSpec, make=build_text)
