"""What numbers and dates look like, in a syntax that Python and RE2 share."""

import re

#: What may stand before or after a number and is left out.
SYMBOLS = (
    *("%", "€", "R$", "$", "£", "¥", "₹", "₽", "₩", "₺", "₪", "₴", "฿", "zł", "Kč", "kr"),
    *("EUR", "USD", "GBP", "CHF", "JPY", "INR", "CNY", "SEK", "NOK", "DKK", "PLN", "BRL"),
)
#: Usual, no-break, thin and narrow no-break space.
SPACES = " \u00a0\u2009\u202f"
SPACE = r"[ \x{a0}\x{2009}\x{202f}]"
_SYMBOL = f"(?:{'|'.join(re.escape(each) for each in SYMBOLS if each != '%')})"
_DIGITS = r"[0-9][0-9.,'’ \x{a0}\x{2009}\x{202f}]*"
#: A number with at most a sign, a currency, grouped digits and a percent sign, for RE2.
NUMBER = (
    rf"^[+\-−]?{SPACE}*{_SYMBOL}?{SPACE}*[+\-−]?(?:{_DIGITS}|[.,][0-9]+)"
    rf"(?:[eE][+-]?[0-9]+)?{SPACE}*(?:%|{_SYMBOL})?$"
)
_TIME = (
    r"(?:(?:T|_| +|, *)(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{2}))?"
    r"(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r" *(?P<half>[AaPp]\.?[Mm]\.?)?)? *(?P<zone>Z|UTC|GMT|[+-][0-9]{2}:?(?:[0-9]{2})?)?$"
)
_WEEKDAY = r"^(?:[A-Za-z]{3,9}\.?,? +)?"
_MONTH = r"(?P<name>[A-Za-zÀ-ÿ]{3,10})\.?"
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
#: 2024-Jan-31, 2024 January.
YEAR_NAME = rf"^(?P<year>[0-9]{{4}})[-/ ]+{_MONTH}(?:[-/ ]+(?P<day>[0-9]{{1,2}}))?" + _TIME
#: Jan 2024, Jan-24.
MONTH_YEAR = rf"^{_MONTH}[-/ ]+(?P<year>[0-9]{{4}}|[0-9]{{2}})$"
#: 1/2024, 01.2024.
NUMERIC_MONTH = r"^(?P<month>[0-9]{1,2})[-/.](?P<year>[0-9]{4})$"
#: 2024-W05, 2024W05, 2024-W05-1.
WEEK = r"^(?P<year>[0-9]{4})-?W(?P<week>[0-9]{2})(?:-?(?P<day>[1-7]))?$"
#: 2024-Q1, 2024Q1, Q1 2024.
YEAR_QUARTER = r"^(?P<year>[0-9]{4})[- ]?[Qq](?P<quarter>[1-4])$"
QUARTER_YEAR = r"^[Qq](?P<quarter>[1-4])[-/ ]?(?P<year>[0-9]{4})$"
#: 20240131T1305, 20240131 130500.
COMPACT = (
    r"^(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})[T _]"
    r"(?P<hour>[0-9]{2}):?(?P<minute>[0-9]{2})(?::?(?P<second>[0-9]{2})"
    r"(?:\.(?P<fraction>[0-9]{1,9}))?)?(?P<half>)(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?$"
)
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
    for pattern in (
        *(NUMERIC_DATE, DAY_MONTH, MONTH_DAY, YEAR_NAME, MONTH_YEAR, NUMERIC_MONTH),
        *(WEEK, YEAR_QUARTER, QUARTER_YEAR, COMPACT, CLOCK),
    )
}
DATE_LIKE = re.compile("|".join(re.sub(r"\?P<\w+>", "?:", each) for each in PYTHON_DATES))
