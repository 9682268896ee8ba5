"""What numbers and dates look like, in a syntax that Python and RE2 share."""

import re

_SYMBOL = r"(?:[€$£¥₹]|EUR|USD|GBP|CHF|JPY|INR)"
_SPACE = r"[ \x{a0}\x{202f}]"
_DIGITS = r"[0-9][0-9.,'’ \x{a0}\x{202f}]*"
#: A number with at most a sign, a currency, grouped digits and a percent sign, for RE2.
NUMBER = (
    rf"^[+\-−]?{_SPACE}*{_SYMBOL}?{_SPACE}*[+\-−]?(?:{_DIGITS}|[.,][0-9]+)"
    rf"(?:[eE][+-]?[0-9]+)?{_SPACE}*(?:%|{_SYMBOL})?$"
)
_TIME = (
    r"(?:(?:T| +|, *)(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{2}))?"
    r"(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r" *(?P<half>[AaPp]\.?[Mm]\.?)?)? *(?P<zone>Z|UTC|GMT|[+-][0-9]{2}:?(?:[0-9]{2})?)?$"
)
_WEEKDAY = r"^(?:[A-Za-z]{3,9}\.?,? +)?"
_MONTH = r"(?P<name>[A-Za-z]{3,9})\.?"
_ORDINAL = r"(?:st|nd|rd|th)?"
#: 2024-1-31, 31.1.2024, 1/31/24, 2024/01, each with a time or without.
NUMERIC_DATE = (
    r"^(?P<first>[0-9]{1,4})[-/.](?P<middle>[0-9]{1,2})(?:[-/.](?P<last>[0-9]{1,4}))?" + _TIME
)
#: 31-Jan-24, 31 January 2024.
DAY_MONTH = (
    _WEEKDAY
    + rf"(?P<day>[0-9]{{1,2}}){_ORDINAL}[-/ .]+{_MONTH},?[-/ ]+(?P<year>[0-9]{{4}}|[0-9]{{2}})"
    + _TIME
)
#: Jan 31, 2024.
MONTH_DAY = (
    _WEEKDAY + rf"{_MONTH}[ -]+(?P<day>[0-9]{{1,2}}){_ORDINAL},?[ -]+(?P<year>[0-9]{{4}})" + _TIME
)
#: Jan 2024.
MONTH_YEAR = rf"^{_MONTH}[-/ ]+(?P<year>[0-9]{{4}})$"
#: 13:05, 1:05:30 PM.
CLOCK = (
    r"^(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})"
    r"(?:[.,](?P<fraction>[0-9]{1,9}))?)? *(?P<half>[AaPp]\.?[Mm]\.?)?$"
)


def for_python(pattern: str) -> re.Pattern[str]:
    r"""Compiles a pattern that is written for RE2, which has \x{…} where Python has \u…."""
    return re.compile(re.sub(r"\\x\{([0-9a-f]+)\}", lambda hex_: chr(int(hex_[1], 16)), pattern))


NUMBER_LIKE = for_python(NUMBER)
WHOLE = re.compile(r"[+-]?[0-9]+")
PYTHON_DATES = {
    pattern: for_python(pattern)
    for pattern in (NUMERIC_DATE, DAY_MONTH, MONTH_DAY, MONTH_YEAR, CLOCK)
}
_DATES = (NUMERIC_DATE, DAY_MONTH, MONTH_DAY, MONTH_YEAR, CLOCK)
DATE_LIKE = re.compile("|".join(re.sub(r"\?P<\w+>", "?:", each) for each in _DATES))
