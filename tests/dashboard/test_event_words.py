"""The log of a run in words."""

from datetime import UTC, datetime

import pytest
from pydantic import JsonValue

from app.api.models.events import EventView
from app.dashboard.event_words import event_text
from app.domain.events import EventKind


def _text(kind: EventKind, **data: JsonValue) -> str:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return event_text(EventView(number=1, kind=kind, created_at=now, data=data, non_finite=[]))


@pytest.mark.parametrize(
    ("kind", "data", "text"),
    [
        ("status", {"status": "queued", "attempt": 0}, "queued"),
        ("status", {"status": "queued", "reason": "lease_over"}, "queued: lease over"),
        (
            "progress",
            {"step": 1200, "loss": 0.5, "steps_per_second": 80.0},
            "1\u2009200, loss 0.5, 80",
        ),
        ("progress", {"step": 3, "loss": None}, "step 3, loss not finite"),
        ("evaluation", {"step": 3, "metrics": {"validation": {"mse": 0.25}}}, "step 3: mse 0.25"),
        ("finding", {"code": "dead_units", "state": "active", "explanation": "So."}, "dead units"),
        ("stopping", {"step": 3, "codes": ["dead_units"]}, "stops because of dead units"),
        ("checkpoint", {"step": 3, "num_bytes": 2048}, "step 3, 2 KiB"),
        ("rewound", {"to_step": 3}, "after step 3"),
        ("continued", {"from_step": 3, "is_bitwise": False}, "from step 3, not bit for bit"),
        ("artifacts", {"names": ["a", "b"], "error": None}, "a, b"),
        ("artifacts", {"names": [], "error": "The disk is full."}, "The disk is full."),
        ("waited", {"waited_s": 2.5, "waiting_for": "database"}, "2.5 s for database"),
        ("trial", {"trial_id": "7", "error": None}, "the remedies are tried"),
        ("trial", {"trial_id": None, "error": "There is none."}, "There is none."),
        (
            "end",
            {"status": "failed", "stop_reason": "lost", "error": "Gone."},
            "failed: lost. Gone.",
        ),
    ],
)
def test_an_event_is_one_line(kind: str, data: dict[str, JsonValue], text: str) -> None:
    assert text in _text(EventKind(kind), **data)


@pytest.mark.parametrize("kind", list(EventKind))
def test_an_event_of_another_release_has_a_line_too(kind: EventKind) -> None:
    assert isinstance(_text(kind), str)
