"""JSON documents that keep what JSON cannot say: NaN and the infinities come back as they were."""

import math
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

#: A number that is not finite is stored as `{"$float": "nan" | "inf" | "-inf"}`.
_MARK = "$float"


def encode(value: object) -> JsonValue:
    """Plain JSON, for a `jsonb` column; characters that PostgreSQL refuses are replaced."""
    if isinstance(value, float) and not math.isfinite(value):
        return {_MARK: repr(value)}
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable(str(key)): encode(part) for key, part in value.items()}
    if isinstance(value, Sequence):
        return [encode(part) for part in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    detail = f"{type(value).__name__} is not JSON"
    raise TypeError(detail)


def decode(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        if value.keys() == {_MARK}:
            return float(str(value[_MARK]))
        return {key: decode(part) for key, part in value.items()}
    if isinstance(value, list):
        return [decode(part) for part in value]
    return value


def storable(text: str) -> str:
    """The text without what UTF-8 or PostgreSQL cannot hold: lone surrogates and NUL."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def finite(value: float | None) -> float | None:
    """None for what JSON has no number for; used where the API promises null."""
    return None if value is None or not math.isfinite(value) else float(value)
