"""Which of the forms of an answer a client wants, by its `Accept` header (RFC 9110, 12.5.1)."""

from collections.abc import Sequence
from http import HTTPStatus

from starlette.exceptions import HTTPException

JSON = "application/json"
CSV = "text/csv"
JSON_LINES = "application/jsonl"
EVENT_STREAM = "text/event-stream"


def negotiate(accept: str | None, *, offered: Sequence[str]) -> str:
    """The offered type that is wanted most; the first one on a tie. Raises 406 when none is."""
    if not accept or not accept.strip():
        return offered[0]
    wishes = [_wish(part) for part in accept.split(",") if part.strip()]
    weights = [_weight(media_type, wishes) for media_type in offered]
    best = max(weights)
    if best <= 0:
        detail = f"This is answered as {', '.join(offered)}."
        raise HTTPException(HTTPStatus.NOT_ACCEPTABLE, detail=detail)
    return offered[weights.index(best)]


def _wish(part: str) -> tuple[str, float]:
    """Media range and weight; a weight that is no number counts as 1."""
    media_range, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weight = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
    try:
        return media_range, min(1.0, float(weight))
    except ValueError:
        return media_range, 1.0


def _weight(media_type: str, wishes: Sequence[tuple[str, float]]) -> float:
    """By the most specific range that covers the type; 0 when none does."""
    family = media_type.partition("/")[0]
    for media_range in (media_type, f"{family}/*", "*/*"):
        for wished, weight in wishes:
            if wished == media_range:
                return weight
    return 0.0
