from app.domain.specs.job import JobSpec
from bench.diagnosis.spec_only import NAME, features_of, with_spec_only
from tests.bench.diagnosis.builders import SPEC, judged


def slow(seed: int) -> JobSpec:
    document = SPEC.model_dump(mode="json")
    return JobSpec.model_validate(
        {**document, "optimizer": {"learning_rate": 1e-7}, "training": {"seed": seed}}
    )


def test_seeds_and_names_are_no_features():
    assert dict(features_of(slow(1))) == dict(features_of(slow(2)))


def test_a_value_that_failed_in_other_families_is_named_in_the_one_left_out():
    runs = [
        run
        for family in ("adding", "text", "panel")
        for run in (
            *(judged(0.0, "learning_rate_too_low", spec=slow(i), family=family) for i in range(5)),
            *(judged(1.0, family=family) for _ in range(5)),
        )
    ]

    found = with_spec_only(runs)

    sick, healthy = found[0].opinions[NAME].last, found[5].opinions[NAME].last
    assert sick.is_sick
    assert sick.causes == ("learning_rate_too_low",)
    assert not healthy.is_sick


def test_it_never_learns_from_the_family_that_it_is_asked_about():
    runs = [
        *(judged(0.0, "learning_rate_too_low", spec=slow(i), family="text") for i in range(5)),
        *(judged(1.0, family="adding") for _ in range(5)),
        *(judged(0.0, "penalty_dominates", family="panel") for _ in range(5)),
    ]

    found = with_spec_only(runs)

    assert "learning_rate_too_low" not in found[0].opinions[NAME].last.causes
