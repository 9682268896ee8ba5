"""Numbers and durations in the sentences of cautions."""

_UNITS = (("day", 86_400.0), ("hour", 3600.0), ("minute", 60.0))


def number(value: float) -> str:
    """Returns up to six digits; whole numbers below 10^15 have all of theirs."""
    if float(value).is_integer() and abs(value) < 10**15:
        return str(int(value))
    return f"{value:.6g}"


def percent(share: float) -> str:
    """Returns a share as a percentage of two digits."""
    return f"{100 * share:.2g} %" if share < 1 else "100 %"


def counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def duration(seconds: float) -> str:
    """Returns seconds in the largest unit of which they are at least one."""
    for unit, unit_s in _UNITS:
        if seconds >= unit_s:
            amount = seconds / unit_s
            return f"{number(amount)} {unit}" + ("" if amount == 1 else "s")
    return f"{number(seconds)} s"
