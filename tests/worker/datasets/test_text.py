import math

import numpy as np
import pytest
import torch
from pydantic import JsonValue

from app.domain.errors import InvalidData
from app.domain.task import LagSource
from app.domain.telemetry import IntArray
from tests.worker.builders import DATASET_ID, make_spec, train_spec
from worker.datasets.build import build_task
from worker.datasets.task import Task
from worker.datasets.text import ngram_surprise

ABC = "abcd" * 500


def make_task(text: str, **changes: JsonValue) -> Task:
    dataset: dict[str, JsonValue] = {"kind": "text", "dataset_id": DATASET_ID, "length": 10}
    dataset.update(changes)
    return build_task(make_spec({"dataset": dataset}).dataset, upload=text.encode())


def test_each_character_is_to_be_told_from_those_before_it() -> None:
    batch = make_task(ABC).training_batch(0, batch_size=6, seed=0)

    codes_TB = batch.inputs_TBI.argmax(dim=-1)
    assert torch.equal(codes_TB[1:], batch.targets[:-1])
    assert torch.equal(codes_TB % 4 + 1, batch.targets)


def test_a_symbol_that_is_repeated_eleven_places_later_is_the_lag_that_is_needed() -> None:
    rng = np.random.default_rng(0)
    records = ["".join(rng.choice(list("abcdef"), 11)) for _ in range(1500)]
    text = "".join(f"{record}{record[0]}" for record in records)

    facts = make_task(text, length=30).facts
    cut = make_task(text, length=6).facts

    assert facts.required_lag.timesteps == 10
    assert facts.required_lag.interval is not None
    assert cut.required_lag.timesteps is None
    assert cut.longer_context is not None
    assert (cut.longer_context.shown, cut.longer_context.enough) == (6, 11)


def test_a_probe_looks_at_stretches_from_all_of_the_text() -> None:
    halves = "a" * 750 + "b" * 750
    split: JsonValue = {"train": 0.4, "validation": 0.2, "test": 0.4}
    task = make_task("ab" * 1500 + halves + "ab" * 1500, split=split)

    sample = task.probe_sample(32, device=torch.device("cpu"), dtype=torch.float64)

    assert 0.1 < float((sample.targets == 1).double().mean()) < 0.9


def ngram_bits(train: IntArray, judged: IntArray, num_symbols: int) -> tuple[float, float]:
    """Bits per character of the unigrams and the bigrams of `train`."""
    unigram_V, bigram_VV = ngram_surprise(train, num_symbols)
    before, wanted = judged[:-1], judged[1:]
    unigram, bigram = unigram_V[wanted].mean(), bigram_VV[before, wanted].mean()
    return float(unigram / math.log(2)), float(bigram / math.log(2))


def test_the_floors_are_those_of_counts() -> None:
    rng = np.random.default_rng(1)
    codes = rng.integers(1, 3, 40_000).astype(np.int32)
    chain = np.where(np.arange(40_000) % 2, 1, 2).astype(np.int32)

    assert ngram_bits(codes[:20_000], codes[20_000:], 3) == pytest.approx((1, 1), abs=1e-3)
    assert ngram_bits(chain[:20_000], chain[20_000:], 3) == pytest.approx((1, 0), abs=1e-2)


def test_a_pair_that_was_never_seen_has_a_finite_price() -> None:
    train, judged = np.array([1, 2, 1, 2], np.int32), np.array([2, 2, 0, 1], np.int32)

    assert all(math.isfinite(bits) for bits in ngram_bits(train, judged, 3))


def test_the_strongest_floor_comes_first() -> None:
    facts = make_task(ABC).facts

    assert [baseline.name for baseline in facts.baselines] == ["bigram", "unigram"]
    assert facts.baselines[1].value == pytest.approx(2, abs=0.01)
    assert not facts.many_to_one


def test_characters_that_only_come_later_share_one_symbol() -> None:
    task = make_task(ABC[:1700] + "xyz" * 100)

    assert task.facts.input_size == 5
    assert (task.evaluation["test"].targets == 0).any()


def test_the_lag_is_what_n_grams_gain_from_held_out() -> None:
    pairs = "".join(word * 2 for word in ("abc", "cab", "bca", "acb")) * 200

    needed = make_task(pairs).facts.required_lag
    unknown = make_task(
        pairs, split={"train": 0.8, "validation": 0, "test": 0.2}
    ).facts.required_lag
    declared = make_task(pairs, dependency_lag=3).facts.required_lag

    assert needed.source is LagSource.ESTIMATED
    assert needed.timesteps is not None
    assert 2 <= needed.timesteps <= 9
    assert (unknown.timesteps, unknown.source) == (None, LagSource.UNKNOWN)
    assert "no validation part" in unknown.method
    assert (declared.timesteps, declared.source) == (3, LagSource.DECLARED)


@pytest.mark.parametrize(("text", "place"), [("abcabc", "too few"), ("", "empty")])
def test_a_text_that_cannot_serve_is_refused(text: str, place: str) -> None:
    with pytest.raises(InvalidData, match=place):
        make_task(text)


def test_a_network_learns_what_needs_no_more_than_one_character() -> None:
    dataset: dict[str, JsonValue] = {"kind": "text", "dataset_id": DATASET_ID, "length": 10}
    spec = make_spec(
        {
            "dataset": dataset,
            "optimizer": {"learning_rate": 0.05},
            "training": {"num_steps": 60, "evaluate_every": 60},
        }
    )

    run = train_spec(spec, upload=ABC.encode())

    bits = run.readings("bits_per_character")
    assert bits[60, "validation"] < 0.3 < bits[0, "validation"]
