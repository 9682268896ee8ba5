"""Encodes documents as JSON without loss of NaN and the infinities, which JSON cannot express."""

import math
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

#: A number that is not finite is stored as `{"$float": "nan" | "inf" | "-inf"}`.
_MARK = "$float"


def encode(value: object) -> JsonValue:
    """Returns JSON for a `jsonb` column; replaces characters that PostgreSQL cannot store."""
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
    """Returns the document that was encoded."""
    if isinstance(value, dict):
        if value.keys() == {_MARK}:
            return float(str(value[_MARK]))
        return {key: decode(part) for key, part in value.items()}
    if isinstance(value, list):
        return [decode(part) for part in value]
    return value


def storable(text: str) -> str:
    """Replaces NUL and lone surrogates, which PostgreSQL or UTF-8 cannot store."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def finite(value: float | None) -> float | None:
    """Returns None for NaN and the infinities, where the API documents null."""
    return None if value is None or not math.isfinite(value) else float(value)
