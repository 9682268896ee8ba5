"""Chooses the media type of an answer by the `Accept` header (RFC 9110, 12.5.1)."""

from collections.abc import Sequence
from http import HTTPStatus

from starlette.exceptions import HTTPException

JSON = "application/json"
CSV = "text/csv"
ARROW_STREAM = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"
JSON_LINES = "application/jsonl"
EVENT_STREAM = "text/event-stream"


def negotiate(accept: str | None, *, offered: Sequence[str]) -> str:
    """The offered type with the highest weight, on a tie the first. Raises 406 where none fits."""
    if not accept or not accept.strip():
        return offered[0]
    ranges = [_media_range(part) for part in accept.split(",") if part.strip()]
    weights = [_weight(media_type, ranges) for media_type in offered]
    best = max(weights)
    if best <= 0:
        detail = f"The answer is available as {', '.join(offered)}."
        raise HTTPException(HTTPStatus.NOT_ACCEPTABLE, detail=detail)
    return offered[weights.index(best)]


def _media_range(part: str) -> tuple[str, float]:
    """A media range and its weight. A weight that is not a number counts as 1."""
    media_range, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weight = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
    try:
        return media_range, min(1.0, float(weight))
    except ValueError:
        return media_range, 1.0


def _weight(media_type: str, ranges: Sequence[tuple[str, float]]) -> float:
    """The weight of the most specific range that covers the type; 0 where none does."""
    family = media_type.partition("/")[0]
    for media_range in (media_type, f"{family}/*", "*/*"):
        for given, weight in ranges:
            if given == media_range:
                return weight
    return 0.0
