"""The scope of a reading: the whole model, a layer, a gate, a tensor, or a split of the data.

The store, HTTP answers and queries write a scope as a string: `model`, `layer:0`,
`layer:0/reverse`, `gate:0/forget`, `gate:0/reverse/forget`, `tensor:rnn.weight_hh_l0`,
`validation`. Only this module builds and parses such strings.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Self, assert_never, cast, get_args

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

#: The direction in which a layer reads a sequence.
Direction = Literal["forward", "reverse"]
#: A part of a data set.
Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)

_NUMBER = "(?:0|[1-9][0-9]*)"
_PATTERNS = re.compile(
    rf"(?P<model>model)"
    rf"|(?P<split>{'|'.join(SPLITS)})"
    rf"|layer:(?P<layer>{_NUMBER}(?:/reverse)?)"
    rf"|gate:(?P<gate>{_NUMBER}(?:/reverse)?/[^/]+)"
    rf"|tensor:(?P<tensor>.+)",
    re.DOTALL,
)


class ScopeKind(StrEnum):
    """The kind of a scope."""

    MODEL = "model"
    SPLIT = "split"
    LAYER = "layer"
    GATE = "gate"
    TENSOR = "tensor"


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What a reading describes. Create it by a class method; equal scopes have equal strings."""

    kind: ScopeKind
    #: Index of the layer, counted from the input; None except for layers and gates.
    layer_index: int | None = None
    #: Direction of the layer; `forward` except for layers and gates.
    direction: Direction = "forward"
    #: Name of the split, gate or tensor; empty for the other kinds.
    name: str = ""

    @classmethod
    def model(cls) -> Self:
        return cls(kind=ScopeKind.MODEL)

    @classmethod
    def split(cls, name: Split) -> Self:
        return cls(kind=ScopeKind.SPLIT, name=name)

    @classmethod
    def layer(cls, index: int, direction: Direction = "forward") -> Self:
        return cls(kind=ScopeKind.LAYER, layer_index=index, direction=direction)

    @classmethod
    def gate(cls, layer_index: int, name: str, direction: Direction = "forward") -> Self:
        """Returns the scope of a gate; its name must not be empty or have a slash."""
        return cls(kind=ScopeKind.GATE, layer_index=layer_index, direction=direction, name=name)

    @classmethod
    def tensor(cls, name: str) -> Self:
        """Returns the scope of a parameter by torch's name, which must not be empty."""
        return cls(kind=ScopeKind.TENSOR, name=name)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Returns the scope that is written as `text`. Raises ValueError if there is none."""
        found = _PATTERNS.fullmatch(text)
        if found is None or found.lastgroup is None:
            msg = f"{text[:100]!r} is not a scope"
            raise ValueError(msg)
        kind = ScopeKind(found.lastgroup)
        content = found[kind]
        match kind:
            case ScopeKind.MODEL:
                return cls.model()
            case ScopeKind.SPLIT:
                return cls.split(cast("Split", content))
            case ScopeKind.LAYER:
                index, *reverse = content.split("/")
                return cls.layer(int(index), "reverse" if reverse else "forward")
            case ScopeKind.GATE:
                index, *reverse, name = content.split("/")
                return cls.gate(int(index), name, "reverse" if reverse else "forward")
            case ScopeKind.TENSOR:
                return cls.tensor(content)
            case _:
                assert_never(kind)

    @classmethod
    def __get_pydantic_core_schema__(cls, _: object, __: GetCoreSchemaHandler) -> CoreSchema:
        """Returns a schema that writes the scope as its string."""
        text = core_schema.no_info_after_validator_function(cls.parse, core_schema.str_schema())
        either = core_schema.union_schema([core_schema.is_instance_schema(cls), text])
        return core_schema.json_or_python_schema(
            json_schema=text,
            python_schema=either,
            serialization=core_schema.to_string_ser_schema(),
        )

    def __str__(self) -> str:
        reverse = "/reverse" if self.direction == "reverse" else ""
        match self.kind:
            case ScopeKind.MODEL:
                return "model"
            case ScopeKind.SPLIT:
                return self.name
            case ScopeKind.LAYER:
                return f"layer:{self.layer_index}{reverse}"
            case ScopeKind.GATE:
                return f"gate:{self.layer_index}{reverse}/{self.name}"
            case ScopeKind.TENSOR:
                return f"tensor:{self.name}"
            case _:
                assert_never(self.kind)
