"""What columns are for, by a profile or by a spec, and the cautions that follow."""

from pydantic import JsonValue

from app.domain.cautions.examine import examine
from app.domain.cautions.roles import Roles
from app.domain.cautions.subject import Subject
from app.domain.column_roles import roles_of_profile, roles_of_spec
from app.domain.datasets import parse_csv
from app.domain.profiles import CsvProfile, Suggestion, profile_csv, with_cautions
from app.domain.specs.dataset.forecast import ForecastSpec
from app.domain.specs.dataset.sequences import SequencesSpec

ID = "00000000-0000-0000-0000-000000000000"


def sequences(**changes: str) -> SequencesSpec:
    usual = {"kind": "sequences", "dataset_id": ID, "sequence_column": "id", "label": "y"}
    return SequencesSpec.model_validate({**usual, "features": ["x"], **changes}, strict=False)


def test_the_cautions_of_a_profile_are_also_at_their_columns() -> None:
    table = parse_csv("x,y\n" + "".join(f"7,{t * t % 11}\n" for t in range(120)))
    profile = profile_csv(table)

    described = with_cautions(profile, examine(Subject.of(table, roles_of_profile(profile))))

    assert [caution.code for caution in described.cautions] == ["constant_column"]
    assert described.num_cautions == 1
    assert {column.name: column.cautions for column in described.columns} == {
        "x": ("constant_column",),
        "y": (),
    }


def profile_with(dataset: dict[str, JsonValue] | None) -> CsvProfile:
    profile = profile_csv(parse_csv("day,x,y\n2024-01-01,2,3\n2024-01-02,4,5\n"))
    return profile.model_copy(update={"suggested": Suggestion(dataset=dataset)})


def test_a_suggestion_leaves_all_columns_as_features() -> None:
    dataset: dict[str, JsonValue] = {
        "kind": "forecast",
        "dataset_id": None,
        "target": "x",
        "series_column": "y",
        "time_column": "day",
    }

    roles = roles_of_profile(profile_with(dataset))

    assert roles == Roles(target="x", series_column="y", time_column="day", features=None)


def test_suggested_sequences_have_a_label() -> None:
    dataset: dict[str, JsonValue] = {
        "kind": "sequences",
        "dataset_id": None,
        "sequence_column": "x",
        "features": ["x"],
        "label": "y",
    }

    roles = roles_of_profile(profile_with(dataset))

    assert (roles.label, roles.series_column, roles.features) == ("y", "x", None)


def test_without_a_suggestion_dates_are_times_and_the_last_number_is_the_target() -> None:
    words = profile_csv(parse_csv("word\na\nb\n"))

    assert roles_of_profile(profile_with(None)) == Roles(target="y", time_column="day")
    assert roles_of_profile(words) == Roles()


def test_a_forecast_splits_by_time() -> None:
    spec = ForecastSpec.model_validate(
        {
            "kind": "forecast",
            "dataset_id": ID,
            "target": "y",
            "series_column": "s",
            "split": {"train": 0.5, "validation": 0.25, "test": 0.25},
        },
        strict=False,
    )

    roles = roles_of_spec(spec)

    assert (roles.target, roles.label, roles.series_column) == ("y", None, "s")
    assert (roles.train_share, roles.validation_share) == (0.5, 0.25)
    assert roles.named == frozenset({"y", "s"})


def test_labels_are_classes_or_numbers() -> None:
    classes, numbers = roles_of_spec(sequences()), roles_of_spec(sequences(task="regression"))

    assert (classes.target, classes.label, classes.train_share) == (None, "y", None)
    assert (numbers.target, numbers.label, numbers.train_share) == ("y", None, None)
