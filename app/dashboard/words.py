"""Numbers, times and codes as people read them; the filters of the templates."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from types import MappingProxyType

from markupsafe import Markup, escape

_CODE = re.compile("`([^`]*)`")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_MINUS = "−"
#: Below this, and from the other on, a number is written with a power of ten.
_SMALL, _LARGE = 1e-3, 1e5


def short_number(value: float | None, digits: int = 3) -> str:
    """Returns a number with so many significant digits; a dash for none.

    Half is rounded away from 0, as browsers do: scripts write the same numbers.
    """
    if value is None:
        return "–"
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else _MINUS + "∞"
    if not value:
        return "0"
    rounded = Context(prec=digits, rounding=ROUND_HALF_UP).create_decimal(value)
    if not _SMALL <= abs(value) < _LARGE:
        mantissa, _, exponent = f"{rounded:.{digits - 1}e}".partition("e")
        return f"{mantissa}e{int(exponent)}".replace("-", _MINUS)
    if abs(value) >= 10**digits:
        rounded = Decimal(value).to_integral_value(ROUND_HALF_UP)
    text = f"{rounded:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", _MINUS)


def whole_number(value: int | None) -> str:
    """Returns a whole number with thin spaces between thousands."""
    return "–" if value is None else f"{value:,}".replace(",", "\u2009")


def duration(seconds: float | None) -> str:
    """Returns seconds in their two largest units, for example `3 min 20 s`."""
    if seconds is None:
        return "–"
    left = max(0, round(seconds))
    if left < _MINUTE:
        return f"{left} s"
    if left < _HOUR:
        return f"{left // _MINUTE} min {left % _MINUTE} s"
    if left < _DAY:
        return f"{left // _HOUR} h {left % _HOUR // _MINUTE} min"
    return f"{left // _DAY} d {left % _DAY // _HOUR} h"


def age(moment: datetime | None) -> str:
    """Returns how long ago a moment was, in its largest unit."""
    if moment is None:
        return "–"
    seconds = (datetime.now(UTC) - moment).total_seconds()
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "just now"


def words(code: str | None) -> str:
    """Returns a code such as `at_risk` in words: `at risk`."""
    return "–" if code is None else code.replace("_", " ")


def marked(text: str) -> Markup:
    """Returns a sentence of ours as HTML: what stands between backticks is code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before


def file_size(num_bytes: int | None) -> str:
    """Returns bytes in the unit that fits."""
    if num_bytes is None:
        return "–"
    size = float(num_bytes)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024 or unit == "GiB":  # noqa: PLR2004 - bytes of a KiB
            break
        size /= 1024
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.3g} {unit}"


def curve(rows: Sequence[Mapping[str, object]], name: str) -> str:
    """Returns the numbers of a column as an SVG path in a box of 100 by 24; empty for texts."""
    numbers = [(i, row.get(name)) for i, row in enumerate(rows)]
    points = [
        (i, float(value))
        for i, value in numbers
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    if not points:
        return ""
    values = [value for _, value in points]
    low, span = min(values), (max(values) - min(values)) or 1.0
    last = max(1, len(rows) - 1)
    places = (f"{100 * i / last:.1f} {22 - 20 * (value - low) / span:.1f}" for i, value in points)
    return "M" + "L".join(places)


def sparkline(steps: Sequence[int], values: Sequence[float | None]) -> str:
    """Returns the values as an SVG path in a box of 100 by 24, logarithmic where all are above 0.

    A value that is not finite interrupts the line.
    """
    known = [value for value in values if value is not None]
    if not known:
        return ""
    is_log = min(known) > 0
    heights = [None if v is None else math.log(v) if is_log else v for v in values]
    finite = [height for height in heights if height is not None]
    low, span = min(finite), (max(finite) - min(finite)) or 1.0
    first, length = steps[0], max(1, steps[-1] - steps[0])
    path, is_down = "", False
    for step, height in zip(steps, heights, strict=True):
        if height is not None:
            x, y = 100 * (step - first) / length, 22 - 20 * (height - low) / span
            path += f"{'L' if is_down else 'M'}{x:.1f} {y:.1f}"
        is_down = height is not None
    return path


def sparkline_marks(steps: Sequence[int], values: Sequence[float | None]) -> str:
    """Returns triangles at the top of the box of `sparkline`, where values are not finite."""
    if not steps:
        return ""
    first, length = steps[0], max(1, steps[-1] - steps[0])
    bad = (step for step, value in zip(steps, values, strict=True) if value is None)
    # marks closer than a hundredth of the width are one
    places = dict.fromkeys(round(100 * (step - first) / length) for step in bad)
    return "".join(f"M{min(98, max(2, x)) - 2} 0h4l-2 6z" for x in places)


FILTERS: Mapping[str, Callable[..., str]] = MappingProxyType(
    {
        "number": short_number,
        "whole": whole_number,
        "duration": duration,
        "age": age,
        "words": words,
        "marked": marked,
        "size": file_size,
        "curve": curve,
    }
)
