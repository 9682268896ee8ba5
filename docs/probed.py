"""Writes app/domain/quantities/probed.py from the cards of the probes: first half of `make docs`.

The API must know the quantities and may not import the probes, which need torch.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from pathlib import Path

from worker.probes.suite import PROBES

MODULE = Path(__file__).parents[1] / "app" / "domain" / "quantities" / "probed.py"

HEAD = '''
"""What probes read. Made by `make docs` from the cards in worker/probes; do not edit."""

from typing import Literal, get_args

from app.domain.quantities.probe import Check, ProbeName
from app.domain.quantities.quantity import Cadence, Form, Quantity
'''


def module() -> str:
    """The source of the module, as the formatter would leave it."""
    names = [name for card in PROBES for name in card.names]
    parts = [
        HEAD.strip(),
        "",
        "PROBED: tuple[Quantity, ...] = "
        + _value(tuple(quantity for card in PROBES for quantity in card.quantities)),
        "#: Checks of the lag profile.",
        "CHECKS: tuple[Check, ...] = "
        + _value(tuple(check for card in PROBES for check in card.checks)),
        "#: What a run can be asked to measure by name, beside the lag profile and its checks.",
        "PROBE_NAMES: tuple[ProbeName, ...] = " + _value(tuple(names)),
        "ProbeQuantity = Literal[",
        *(f"    {_value(name.name)}," for name in names),
        "]",
        "PROBE_QUANTITIES: tuple[ProbeQuantity, ...] = get_args(ProbeQuantity)",
    ]
    return "\n".join(parts) + "\n"


def _value(value: object, indent: str = "") -> str:
    """A Python expression; what has parts is one part a line."""
    if is_dataclass(value):
        return _lines(f"{type(value).__name__}(", _parts(value, indent), indent)
    if isinstance(value, tuple):
        return _lines("(", (_value(part, indent + "    ") for part in value), indent)
    if isinstance(value, Mapping):
        pairs = (f"{_value(key)}: {_value(one)}" for key, one in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _lines(opening: str, parts: Iterator[str], indent: str) -> str:
    return "\n".join([opening, *(f"{indent}    {part}," for part in parts), f"{indent})"])


def _parts(value: object, indent: str) -> Iterator[str]:
    """Those that differ from their defaults."""
    parts: tuple[Field[object], ...] = fields(value)  # type: ignore[arg-type]
    for part in parts:
        held = getattr(value, part.name)
        if part.default is MISSING or held != part.default:
            yield f"{part.name}={_value(held, indent + '    ')}"


if __name__ == "__main__":
    MODULE.write_text(module())
