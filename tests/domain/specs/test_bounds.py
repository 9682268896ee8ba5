"""How small and how large, how short and how long each part of a job spec may be."""

from typing import Any

import pytest
from pydantic import JsonValue, ValidationError

from app.domain.specs.job import JobSpec
from app.domain.specs.patch import as_document, merge_patch
from app.domain.specs.schedule.cosine import CosineSchedule
from tests.domain.builders import job

UPLOAD = "018f2c3a-0000-7000-8000-000000000000"
LARGEST = 2_147_483_647
NAN, INF = float("nan"), float("inf")

LSTM = {"model": {"kind": "lstm"}}
TEXT = {"dataset": {"kind": "text", "dataset_id": UPLOAD}}
FORECAST = {"dataset": {"kind": "forecast", "dataset_id": UPLOAD, "target": "y"}}
SEQUENCES = {
    "dataset": {
        "kind": "sequences",
        "dataset_id": UPLOAD,
        "sequence_column": "id",
        "features": ["x"],
        "label": "y",
    }
}
SGD = {"optimizer": {"kind": "sgd"}}
SCHEDULE = "optimizer/schedule"


def scheduled(kind: str) -> dict[str, Any]:
    return {"optimizer": {"schedule": {"kind": kind}}}


def begun(part: str, kind: str) -> dict[str, Any]:
    return {**LSTM, "init": {part: {"kind": kind}}}


#: What else the spec says, the place, its least and its most.
INTEGERS: list[tuple[dict[str, Any], str, int, int]] = [
    ({}, "priority", -100, 100),
    ({}, "model/hidden_size", 1, 8192),
    ({}, "model/num_layers", 1, 64),
    ({}, "training/num_steps", 1, 100_000_000),
    ({}, "training/batch_size", 1, 65_536),
    ({}, "training/seed", 0, LARGEST),
    ({}, "training/evaluate_every", 1, LARGEST),
    (SEQUENCES, "training/bptt_length", 1, LARGEST),
    ({}, "probes/every", 1, LARGEST),
    ({}, "dataset/seed", 0, LARGEST),
    ({"dataset": {"kind": "adding"}}, "dataset/length", 4, 20_000),
    ({"dataset": {"kind": "copy_memory"}}, "dataset/length", 1, 19_980),
    ({"dataset": {"kind": "temporal_order"}}, "dataset/length", 10, 20_000),
    (TEXT, "dataset/length", 2, 20_000),
    (FORECAST, "dataset/window", 2, 20_000),
    (FORECAST, "dataset/horizon", 1, 1000),
    (FORECAST, "dataset/stride", 1, 20_000),
    (FORECAST, "dataset/season", 2, 20_000),
    (SEQUENCES, "dataset/max_length", 2, 20_000),
    (SEQUENCES, "dataset/dependency_lag", 0, 20_000),
    (begun("bias", "chrono"), "init/bias/max_lag", 1, LARGEST),
    (scheduled("constant"), f"{SCHEDULE}/warmup_steps", 0, 1_000_000_000),
    (scheduled("step"), f"{SCHEDULE}/warmup_steps", 0, 1_000_000_000),
    (scheduled("cosine"), f"{SCHEDULE}/warmup_steps", 0, 1_000_000_000),
    (scheduled("warmup"), f"{SCHEDULE}/warmup_steps", 1, LARGEST),
    (scheduled("step"), f"{SCHEDULE}/every", 1, LARGEST),
]
POSITIVE: list[tuple[dict[str, Any], str]] = [
    ({}, "optimizer/learning_rate"),
    ({}, "optimizer/eps"),
    ({}, "clipping/max_norm"),
    ({"clipping": {"kind": "value"}}, "clipping/max_value"),
    ({}, "training/time_limit_s"),
    ({}, "init/recurrent/gain"),
    (begun("recurrent", "spectral_radius"), "init/recurrent/radius"),
    (scheduled("step"), f"{SCHEDULE}/factor"),
]
NOT_NEGATIVE: list[tuple[dict[str, Any], str]] = [
    ({}, "optimizer/weight_decay"),
    ({}, "regularization/l1"),
    ({}, "regularization/l2"),
    (begun("bias", "normal"), "init/bias/std"),
    (begun("bias", "uniform"), "init/bias/bound"),
]
BELOW_ONE: list[tuple[dict[str, Any], str]] = [
    ({}, "model/dropout"),
    ({}, "optimizer/beta1"),
    ({}, "optimizer/beta2"),
    (SGD, "optimizer/momentum"),
    ({"optimizer": {"kind": "rmsprop"}}, "optimizer/alpha"),
]
#: What else the spec says, the place, and its fewest and most characters.
TEXTS: list[tuple[dict[str, Any], str, int, int]] = [
    ({}, "name", 0, 200),
    ({}, "notes", 0, 10_000),
    (FORECAST, "dataset/target", 1, 200),
    (FORECAST, "dataset/time_column", 1, 200),
    (SEQUENCES, "dataset/label", 1, 200),
]


def with_value(parts: dict[str, Any], place: str, value: Any) -> JobSpec:
    patch = value
    for key in reversed(place.split("/")):
        patch = {key: patch}
    return job(**merge_patch(parts, patch))


def value_at(spec: JobSpec, place: str) -> Any:
    found: Any = as_document(spec)
    for key in place.split("/"):
        found = found[key]
    return found


def is_taken(parts: dict[str, Any], place: str, value: Any) -> bool:
    """Whether the spec is valid and holds the value; where it is not, the place is named."""
    try:
        spec = with_value(parts, place, value)
    except ValidationError as refused:
        names = [part for error in refused.errors() for part in error["loc"]]
        assert place.rpartition("/")[2] in names
        return False
    return bool(value_at(spec, place) == value)


@pytest.mark.parametrize(("parts", "place", "least", "most"), INTEGERS, ids=str)
def test_an_integer_has_a_least_and_a_most(
    parts: dict[str, Any], place: str, least: int, most: int
) -> None:
    taken = [is_taken(parts, place, v) for v in (least - 1, least, most, most + 1)]

    assert taken == [False, True, True, False]


@pytest.mark.parametrize(("parts", "place"), POSITIVE, ids=str)
def test_a_positive_number_is_above_0_and_at_most_1e30(parts: dict[str, Any], place: str) -> None:
    assert all(is_taken(parts, place, value) for value in (1e-300, 1e30))
    assert not any(is_taken(parts, place, value) for value in (0.0, -1e-300, 1.1e30, INF, NAN))


@pytest.mark.parametrize(("parts", "place"), NOT_NEGATIVE, ids=str)
def test_a_number_that_is_not_negative_is_at_most_1e30(parts: dict[str, Any], place: str) -> None:
    assert all(is_taken(parts, place, value) for value in (0.0, 1e-300, 1e30))
    assert not any(is_taken(parts, place, value) for value in (-1e-300, 1.1e30, INF, NAN))


def test_a_cosine_ends_between_zero_and_the_full_rate() -> None:
    place = f"{SCHEDULE}/final_fraction"

    assert all(is_taken(scheduled("cosine"), place, value) for value in (0.0, 1.0))
    assert not any(
        is_taken(scheduled("cosine"), place, value) for value in (-1e-300, 1.000_001, 2.0, INF, NAN)
    )


def test_the_schema_states_both_bounds_of_a_final_fraction() -> None:
    published, _null = CosineSchedule.model_json_schema()["properties"]["final_fraction"]["anyOf"]

    assert published == {"type": "number", "minimum": 0, "maximum": 1}


@pytest.mark.parametrize(("parts", "place"), BELOW_ONE, ids=str)
def test_a_fraction_stays_below_1(parts: dict[str, Any], place: str) -> None:
    assert all(is_taken(parts, place, value) for value in (0.0, 0.999_999))
    assert not any(is_taken(parts, place, value) for value in (-1e-300, 1.0, NAN))


def test_probes_may_take_from_none_to_all_of_the_time() -> None:
    assert all(is_taken({}, "probes/budget", value) for value in (0.0, 1.0))
    assert not any(is_taken({}, "probes/budget", value) for value in (-1e-300, 1.000_001, NAN))


def test_a_forget_bias_is_between_minus_100_and_100() -> None:
    place = "init/forget_bias"

    assert all(is_taken(LSTM, place, value) for value in (-100.0, 0.0, 100.0))
    assert not any(is_taken(LSTM, place, value) for value in (-100.001, 100.001, INF, NAN))


@pytest.mark.parametrize(("parts", "place", "fewest", "most"), TEXTS, ids=str)
def test_a_text_has_a_least_and_a_most_length(
    parts: dict[str, Any], place: str, fewest: int, most: int
) -> None:
    lengths = (fewest, most, most + 1)

    assert [is_taken(parts, place, "x" * n) for n in lengths] == [True, True, False]
    assert fewest == 0 or not is_taken(parts, place, "")


def test_a_tag_has_1_to_64_characters_and_a_run_at_most_20_tags() -> None:
    assert job(tags=["x" * 64] * 20).tags == ("x" * 64,) * 20
    wrong: list[list[JsonValue]] = [[""], ["x" * 65], ["x"] * 21]
    for tags in wrong:
        with pytest.raises(ValidationError):
            job(tags=tags)


def test_a_file_has_at_most_256_features() -> None:
    names = [f"column {index}" for index in range(257)]

    assert is_taken(SEQUENCES, "dataset/features", names[:256])
    assert not is_taken(SEQUENCES, "dataset/features", names)
    assert not is_taken(SEQUENCES, "dataset/features", [])
    assert is_taken(FORECAST, "dataset/features", [])


def test_at_most_40_quantities_are_asked_for() -> None:
    assert (
        len(with_value({}, "probes/quantities", ["sigma_max"] * 40).probes.quantities or ()) == 40
    )
    assert not is_taken({}, "probes/quantities", ["sigma_max"] * 41)


@pytest.mark.parametrize(
    ("code", "is_clean"),
    [
        (0x00, False),
        (0x01, True),
        (0xD7FF, True),
        (0xD800, False),
        (0xDABC, False),
        (0xDFFF, False),
        (0xE000, True),
    ],
)
def test_a_text_holds_what_utf_8_and_the_database_hold(code: int, *, is_clean: bool) -> None:
    assert is_taken({}, "name", f"a{chr(code)}b") is is_clean


@pytest.mark.parametrize(
    ("device", "is_known"),
    [("auto", True), ("cpu", True), ("cuda", True), ("cuda:123", True), ("cuda:1234", False)],
)
def test_a_device_is_auto_the_cpu_or_a_gpu(device: str, *, is_known: bool) -> None:
    assert is_taken({}, "training/device", device) is is_known


@pytest.mark.parametrize(
    ("shares", "is_whole"),
    [
        ((0.7, 0.2, 0.1), True),
        ((1.0 - 1e-9, 0.0, 0.0), True),
        ((0.5, 0.3, 0.2000005), True),
        ((0.5, 0.3, 0.2000015), False),
        ((0.5, 0.3, 0.1999985), False),
        ((0.0, 0.5, 0.5), False),
        ((0.9, 0.2, -0.1), False),
        ((0.2, 0.2, 0.2), False),
    ],
)
def test_shares_of_the_data_make_a_whole(
    shares: tuple[float, float, float], *, is_whole: bool
) -> None:
    split = dict(zip(("train", "validation", "test"), shares, strict=True))

    if is_whole:
        assert value_at(with_value(TEXT, "dataset/split", split), "dataset/split") == split
    else:
        with pytest.raises(ValidationError):
            with_value(TEXT, "dataset/split", split)


@pytest.mark.parametrize(
    ("lags", "is_ordered"), [((0, 0), True), ((3, 7), True), ((7, 7), True), ((8, 7), False)]
)
def test_a_range_of_lags_is_ordered(lags: tuple[int, int], *, is_ordered: bool) -> None:
    wanted = {"min": lags[0], "max": lags[1]}

    if is_ordered:
        assert is_taken(SEQUENCES, "dataset/dependency_lag", wanted)
    else:
        with pytest.raises(ValidationError, match="min must be at most max"):
            with_value(SEQUENCES, "dataset/dependency_lag", wanted)


def test_the_ends_of_a_range_of_lags_are_lags() -> None:
    for wanted in ({"min": -1, "max": 5}, {"min": 0, "max": 20_001}):
        with pytest.raises(ValidationError):
            with_value(SEQUENCES, "dataset/dependency_lag", wanted)


def test_a_norm_is_raised_to_at_most_the_norm_it_is_clipped_to() -> None:
    assert is_taken({}, "clipping/min_norm", 1.0)
    with pytest.raises(ValidationError, match="min_norm must be at most max_norm"):
        with_value({}, "clipping/min_norm", 1.1)


def test_nesterov_needs_a_momentum() -> None:
    assert job(optimizer={"kind": "sgd", "nesterov": True, "momentum": 0.1})
    assert job(optimizer={"kind": "sgd", "nesterov": False, "momentum": 0.0})
    with pytest.raises(ValidationError, match="nesterov needs a momentum above 0"):
        job(optimizer={"kind": "sgd", "nesterov": True})
