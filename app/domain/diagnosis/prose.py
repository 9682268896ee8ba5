"""Numbers and comparisons of a diagnosis in words, true at the precision that is printed.

Every sentence of a finding, a remedy or a summary takes its numbers from here, so that a reader
who compares two printed numbers comes to the same result as the sentence.
"""

from collections.abc import Iterable
from math import floor, isfinite, isnan, log10

#: Significant digits of a measured number in a sentence. Counts and step numbers are exact.
DIGITS = 3
#: Numbers outside this range have an exponent.
MIN_PLAIN, MAX_PLAIN = 1e-3, 1e6
#: Smaller shares are numbers, as in `3e-9 of the gradient`.
MIN_PERCENT = 1e-4
#: Powers of ten within this range are written as numbers.
MAX_PLAIN_LOG10 = 6.0
#: Smallest probability -> its word, the largest first.
LIKELIHOODS = ((0.9, "almost certainly"), (0.7, "very likely"), (0.5, "probably"))


def rounded(value: float, *, digits: int = DIGITS) -> float:
    """Returns the value with so many significant digits.

    0, infinite values and those that would be rounded beyond the largest number are not changed.
    """
    if not isfinite(value) or value == 0:
        return value
    try:
        return round(value, digits - 1 - floor(log10(abs(value))))
    except OverflowError:
        return value


def short(value: float, *, digits: int = DIGITS) -> str:
    """Returns a number with at most so many significant digits: `0.151`, `12,300` or `2.4e-7`."""
    if isnan(value):
        return "NaN"
    if not isfinite(value):
        return "infinite" if value > 0 else "minus infinity"
    near = rounded(value, digits=digits)
    if near == 0:
        return "0"
    if not MIN_PLAIN <= abs(near) < MAX_PLAIN:
        mantissa, exponent = f"{near:.{digits - 1}e}".split("e")
        return f"{_stripped(mantissa)}e{int(exponent)}"
    decimals = max(0, digits - 1 - floor(log10(abs(near))))
    return _stripped(f"{near:,.{decimals}f}")


def _stripped(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: float) -> str:
    """Returns a share as `37 %`; only 0 and 1 are `0 %` and `100 %`, and tiny shares a number."""
    if 0 < abs(share) < MIN_PERCENT:
        return short(share)
    digits = 2 if abs(share) < 0.99 else DIGITS  # noqa: PLR2004 # so that 99.4 % is not 99 %
    text = f"{short(100 * share, digits=digits)} %"
    return f"nearly {text}" if text == "100 %" and share != 1 else text


def counted(amount: int, noun: str) -> str:
    """Returns `1 step` or `1,200 steps`."""
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"


def latest(amount: int, noun: str) -> str:
    """Returns `the last step` or `the last 200 steps`."""
    return f"the last {noun}" if amount == 1 else f"the last {counted(amount, noun)}"


def listed(words: Iterable[str]) -> str:
    """Returns `a`, `a and b` or `a, b and c`."""
    *first, last = list(words)
    return f"{', '.join(first)} and {last}" if first else last


def power_of_ten(exponent: float) -> str:
    """Returns 10 to this power: `8.2`, or `1e87` where the number itself could overflow."""
    if abs(exponent) < MAX_PLAIN_LOG10:
        return short(10**exponent)
    return f"1e{exponent:.0f}"


def relation(value: float, limit: float) -> str:
    """Returns `below`, `above` or `about equal to`, by the numbers as printed; NaN is neither."""
    near, bound = rounded(value), rounded(limit)
    if isnan(near) or isnan(bound):
        return "not comparable with"
    if near == bound:
        return "about equal to"
    return "below" if near < bound else "above"


def likelihood(probability: float) -> str:
    """Returns a probability as an adverb: `very likely`."""
    return next((word for least, word in LIKELIHOODS if probability >= least), "possibly")


def sentence(clause: str) -> str:
    """Returns a clause with a capital letter and one full stop."""
    text = clause.strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."


def lowered(text: str) -> str:
    """Returns a sentence that follows a colon: its first letter is small unless a name begins."""
    is_name = len(text) > 1 and (text[1].isupper() or not text[1].isalpha())
    return text if is_name and not text.startswith("A ") else f"{text[:1].lower()}{text[1:]}"


def first_sentence(text: str) -> str:
    """Returns the text up to its first full stop that a space follows."""
    return sentence(text.split(". ", maxsplit=1)[0])


def two_digits(value: float) -> float:
    """Returns the value rounded to two significant digits; 0 and less are not changed."""
    return rounded(value, digits=2) if value > 0 else value
