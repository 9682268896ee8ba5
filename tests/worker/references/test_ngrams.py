"""Back-off n-grams give the probabilities of their recursion."""

import math

import numpy as np
import torch
from torch.nn import functional

from tests.worker.references.uploads import made
from worker.datasets.task import Batch
from worker.references.fit import fit_reference
from worker.references.members.ngrams import count_ngrams

NUM_SYMBOLS = 3


def probability(codes: list[int], context: list[int], symbol: int) -> float:
    """The recursion of Witten and Bell, by counting."""
    if not context:
        return (codes.count(symbol) + 1) / (len(codes) + NUM_SYMBOLS)
    size = len(context)
    followers = [
        codes[place + size]
        for place in range(len(codes) - size)
        if codes[place : place + size] == context
    ]
    shorter = probability(codes, context[1:], symbol)
    kinds = len(set(followers))
    if not followers:
        return shorter
    return (followers.count(symbol) + kinds * shorter) / (len(followers) + kinds)


def test_probabilities_are_those_of_the_recursion() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, NUM_SYMBOLS, 60)
    stretch = rng.integers(0, NUM_SYMBOLS, 8)
    batch = Batch(
        inputs_TBI=functional.one_hot(torch.from_numpy(stretch), NUM_SYMBOLS).float()[:, None],
        targets=torch.zeros(8, 1),
    )

    found = count_ngrams(codes.astype(np.int32), NUM_SYMBOLS).cut(3)(batch)

    for place in range(8):
        context = stretch[max(0, place - 2) : place + 1].tolist()
        for symbol in range(NUM_SYMBOLS):
            expected = probability(codes.tolist(), context, symbol)
            assert math.isclose(math.exp(found[place, 0, symbol]), expected, rel_tol=1e-12)


def test_a_text_of_words_is_told_better_than_by_pairs() -> None:
    rng = np.random.default_rng(1)
    text = " ".join(rng.choice(["remember", "the", "gradient", "of", "time"], 3000))
    spec, task = made({"kind": "text", "length": 32}, text)

    reference = fit_reference(spec, task)

    assert reference is not None
    bits = reference.metrics["test"]["bits_per_character"]
    assert task.facts.baseline is not None
    assert bits is not None
    assert bits < 0.8 * task.facts.baseline.score_on("test")
