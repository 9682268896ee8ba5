"""The events of a run in words, for its log."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from app.api.models.events import EventView
from app.dashboard.words import file_size, short_number, whole_number, words
from app.domain.events import EventKind

Data = Mapping[str, Any]


def event_text(event: EventView) -> str:
    """Returns one line. What an event of another release does not say is a dash."""
    return _TEXTS[event.kind](event.data)


def _status(data: Data) -> str:
    reason = f": {words(data['reason'])}" if data.get("reason") else ""
    detail = f". {data['detail']}" if data.get("detail") else ""
    return f"{words(data.get('status'))}{reason}{detail}"


def _progress(data: Data) -> str:
    step, loss = whole_number(data.get("step")), data.get("loss")
    reached = f", loss {_number(loss)}" if "loss" in data else ""
    speed = data.get("steps_per_second")
    return f"step {step}{reached}" + (f", {short_number(speed)} steps/s" if speed else "")


def _evaluation(data: Data) -> str:
    metrics: Mapping[str, Data] = data.get("metrics", {})
    scores = metrics.get("validation") or metrics.get("train", {})
    named = ", ".join(f"{words(name)} {_number(value)}" for name, value in scores.items())
    return f"step {whole_number(data.get('step'))}: {named}"


def _finding(data: Data) -> str:
    return f"{words(data.get('code'))} ({data.get('state')}). {data.get('explanation', '')}"


def _stopping(data: Data) -> str:
    codes = ", ".join(map(words, data.get("codes", ())))
    return f"step {whole_number(data.get('step'))}: stops because of {codes}"


def _checkpoint(data: Data) -> str:
    size = file_size(data.get("num_bytes"))
    return f"step {whole_number(data.get('step'))}, {size}"


def _rewound(data: Data) -> str:
    return f"readings after step {data.get('to_step')} were deleted"


def _continued(data: Data) -> str:
    how = "" if data.get("is_bitwise") else ", not bit for bit"
    return f"from step {whole_number(data.get('from_step'))}{how}"


def _rolled_back(data: Data) -> str:
    step, to_step = whole_number(data.get("step")), whole_number(data.get("to_step"))
    return f"from step {step} to step {to_step}"


def _artifacts(data: Data) -> str:
    return str(data.get("error") or ", ".join(data.get("names", ())))


def _waited(data: Data) -> str:
    return f"{short_number(data.get('waited_s'))} s for {words(data.get('waiting_for'))}"


def _end(data: Data) -> str:
    error = f". {data['error']}" if data.get("error") else ""
    return f"{words(data.get('status'))}: {words(data.get('stop_reason'))}{error}"


def _trial(data: Data) -> str:
    return str(data.get("error") or "the remedies are tried")


def _number(value: object) -> str:
    return short_number(value) if isinstance(value, int | float) else "not finite"


_TEXTS: Mapping[EventKind, Callable[[Data], str]] = MappingProxyType(
    {
        EventKind.STATUS: _status,
        EventKind.PROGRESS: _progress,
        EventKind.EVALUATION: _evaluation,
        EventKind.FINDING: _finding,
        EventKind.STOPPING: _stopping,
        EventKind.CHECKPOINT: _checkpoint,
        EventKind.REWOUND: _rewound,
        EventKind.CONTINUED: _continued,
        EventKind.ROLLED_BACK: _rolled_back,
        EventKind.ARTIFACTS: _artifacts,
        EventKind.WAITED: _waited,
        EventKind.END: _end,
        EventKind.TRIAL: _trial,
    }
)
