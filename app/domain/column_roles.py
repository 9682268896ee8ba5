"""What the columns of an upload are for: by its profile, or by a spec."""

from dataclasses import replace

from app.domain.cautions.roles import Roles
from app.domain.profiles import CsvProfile
from app.domain.specs.dataset.forecast import ForecastSpec
from app.domain.specs.dataset.sequences import SequencesSpec
from app.domain.tables import ColumnType

NO_ID = "00000000-0000-0000-0000-000000000000"


def roles_of_profile(profile: CsvProfile) -> Roles:
    """Returns the roles of the suggestion, with every other column as a possible feature.

    Where nothing is suggested, times are the first column of dates, and the target is the last
    column of numbers.
    """
    dates = (column.name for column in profile.columns if column.type is ColumnType.DATE)
    time_column = next(dates, None)
    # the id is known once the upload is stored
    dataset = {**(profile.suggested.dataset or {}), "dataset_id": NO_ID}
    match dataset.get("kind"):
        case "forecast":
            roles = roles_of_spec(ForecastSpec.model_validate(dataset, strict=False))
        case "sequences":
            roles = roles_of_spec(SequencesSpec.model_validate(dataset, strict=False))
        case _:
            measured = (ColumnType.NUMBER, ColumnType.INTEGER)
            numbers = [column.name for column in profile.columns if column.type in measured]
            roles = Roles(target=numbers[-1] if numbers else None)
    return replace(roles, features=None, time_column=roles.time_column or time_column)


def roles_of_spec(spec: ForecastSpec | SequencesSpec) -> Roles:
    if isinstance(spec, ForecastSpec):
        return Roles(
            target=spec.target,
            features=spec.features,
            series_column=spec.series_column,
            time_column=spec.time_column,
            train_share=spec.split.train,
            validation_share=spec.split.validation,
        )
    is_classes = spec.task == "classification"
    return Roles(
        target=None if is_classes else spec.label,
        label=spec.label if is_classes else None,
        features=spec.features,
        series_column=spec.sequence_column,
        time_column=spec.order_column,
        train_share=None,
    )
