"""Says of each option of the reader what it was in the end, and why."""

from collections.abc import Mapping, Sequence

from app.domain.reader_options import AUTO, Choice, ReaderOptions, as_asked
from app.domain.tables import Column
from app.reading.numbers import Convention, Decision


def number_choices(
    decision: Decision, picked: Mapping[str, Convention], options: ReaderOptions
) -> dict[str, Choice]:
    """Returns the decimal sign and the sign that groups digits."""
    decimals = sorted(decision.witnesses)
    if options.decimal != AUTO:
        decimal = as_asked(options.decimal)
    elif decimals:
        reason = "; ".join(decision.witnesses[each] for each in decimals)
        decimal = Choice(value=" and ".join(decimals), chosen_because=reason)
    else:
        decimal = Choice(value=".", chosen_because="no number has another decimal sign")
    groupings = {thousands: name for name, (_, thousands) in picked.items() if thousands != "none"}
    if options.thousands != AUTO:
        return {"decimal": decimal, "thousands": as_asked(options.thousands)}
    reason = "; ".join(f"it groups digits in column {name!r}" for name in groupings.values())
    value = " and ".join(groupings) or "none"
    return {
        "decimal": decimal,
        "thousands": Choice(value=value, chosen_because=reason or "no number has grouped digits"),
    }


def date_choices(
    dates: Sequence[Column], options: ReaderOptions, day_first: tuple[bool, str] | None
) -> dict[str, Choice]:
    """Returns the format of dates, the order of day and month, and the time zone."""
    none = "no column holds dates"
    formats = {column.read_as or "iso": column.name for column in dates}
    reason = "; ".join(f"column {name!r}: {form}" for form, name in formats.items()) or none
    format_ = Choice(value=" and ".join(formats) or "none", chosen_because=reason)
    order = Choice(value=None, chosen_because="no date needs it" if dates else none)
    if day_first is not None:
        order = Choice(value=day_first[0], chosen_because=day_first[1])
    zone = Choice(
        value="UTC",
        chosen_because="times without a zone are taken as UTC" if dates else none,
    )
    asked = options.date_format != AUTO
    return {
        "date_format": as_asked(options.date_format) if asked else format_,
        "day_first": order if options.day_first == AUTO else as_asked(options.day_first),
        "time_zone": zone if options.time_zone == AUTO else as_asked(options.time_zone),
    }
