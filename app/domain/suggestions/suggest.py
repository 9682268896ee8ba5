"""From an upload to the data set spec of a first run on it."""

from app.domain.data_check import check_data
from app.domain.errors import InvalidData, InvalidSpec
from app.domain.profiles import CsvProfile, Suggestion, TextProfile
from app.domain.specs.dataset.forecast import ForecastSpec
from app.domain.specs.dataset.text import TextSpec
from app.domain.suggestions.forecasts import suggest_forecast
from app.domain.suggestions.found import NO_ID, Found, Obstacle
from app.domain.suggestions.labelled import suggest_sequences
from app.domain.suggestions.layout import find_layout
from app.domain.suggestions.names import names_that_are_years
from app.domain.suggestions.sample import first_rows
from app.domain.tables import Table

#: Lengths of a text's sequences, the best first.
TEXT_LENGTHS = (128, 64, 32, 16, 8, 4, 2)
#: A part of a text has at least so many sequences.
MIN_SEQUENCES = 4


def suggest_for_table(table: Table, profile: CsvProfile) -> Suggestion:
    """Returns a spec that passes a dry run, or the reasons why there is none."""
    if years := names_that_are_years([column.name for column in profile.columns]):
        detail = f"the columns {years[0]!r} to {years[-1]!r} seem to be times: upload the file in "
        return Suggestion(reasons=(detail + "long form, with a column of times and one of values",))
    seen = first_rows(table)
    layout = find_layout(seen, profile)
    if isinstance(layout, Obstacle):
        return Suggestion(reasons=(layout.detail,))
    found = suggest_sequences(seen, profile, layout)
    if isinstance(found, Obstacle):
        found = suggest_forecast(seen, profile, layout)
    if isinstance(found, Obstacle):
        return Suggestion(reasons=(*layout.reasons, found.detail))
    if seen.num_rows < table.num_rows:
        note = f"only the first {seen.num_rows} of {table.num_rows} rows were looked at"
        found = Found(spec=found.spec, reasons=(*found.reasons, note))
    return _suggestion(found)


def suggest_for_text(text: bytes, profile: TextProfile) -> Suggestion:
    """Returns the longest sequences of which each part of the text, UTF-8, has several."""
    detail = "the text is too short for sequences of 2 characters and a target in each part"
    for length in TEXT_LENGTHS:
        spec = TextSpec(kind="text", dataset_id=NO_ID, length=length)
        parts = spec.split.parts_asked_for(profile.characters)
        if min(part.end - part.first for part in parts) <= MIN_SEQUENCES * length:
            continue
        try:
            spec.shape(profile)
            check_data(spec, profile, lambda: text)
        except (InvalidData, InvalidSpec) as error:
            detail = error.detail
            break
        reason = f"length: {length} characters, of which each part of the text has several"
        return _suggestion(Found(spec=spec, reasons=(reason,)))
    return Suggestion(reasons=(detail,))


def _suggestion(found: Found) -> Suggestion:
    spec = found.spec
    dataset = {**spec.model_dump(mode="json"), "dataset_id": None}
    if not isinstance(spec, ForecastSpec):
        return Suggestion(dataset=dataset, reasons=found.reasons)
    return Suggestion(
        dataset=dataset,
        reasons=found.reasons,
        target=spec.target,
        window=spec.window,
        season=spec.season,
        time_column=spec.time_column,
    )
