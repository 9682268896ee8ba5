"""Names of schemas in the OpenAPI document, from the names of classes.

`RunView` is `Run` there. Inline unions and enumerations become schemas with names of their own, and
so do objects that are items of a list, values of an object or members of a union. A program that
generates a client would number them otherwise, or name them after their place.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

#: What is moved of an inline schema; its description and its default stay with the property.
_MOVED = (
    *("type", "enum", "oneOf", "anyOf", "discriminator", "minLength", "maxLength"),
    *("additionalProperties", "maxProperties", "propertyNames"),
)
_NULL = {"type": "null"}
SCHEMAS = "#/components/schemas/"
_SUFFIX = "View"
#: Where the class without its suffix is named like another one, or says too little.
_PUBLIC = {
    "Act": "AuditAct",
    "ActPage": "AuditPage",
    "ActView": "AuditRecord",
    "Baseline": "TaskBaseline",
    "BestView": "BestScore",
    "Choice": "ReaderChoice",
    "Chrono": "ChronoInit",
    "CompareView": "ComparedRuns",
    "ConfusionView": "ConfusionMatrix",
    "Critical": "CriticalInit",
    "DefinitionView": "QuantityDefinition",
    "Difference": "DifferenceTransform",
    "Family": "CauseFamilyCode",
    "FigureView": "ComparedFigure",
    "Gaussian": "GaussianInit",
    "HeNormal": "HeNormalInit",
    "HeUniform": "HeUniformInit",
    "HorizonView": "GradientHorizon",
    "Identity": "IdentityInit",
    "IntegrityView": "IntegrityCheck",
    "KeyOrder": "ApiKeyOrder",
    "KeyPage": "ApiKeyPage",
    "KeyView": "ApiKey",
    "KindView": "CatalogKind",
    "Log1p": "LogTransform",
    "NewKeyView": "NewApiKey",
    "NonFiniteView": "NonFiniteReading",
    "Normal": "NormalInit",
    "Orthogonal": "OrthogonalInit",
    "ParentView": "RunParent",
    "PredictedView": "PredictedDiagnosis",
    "ProbesView": "ProbeCost",
    "ProblemDocument": "Problem",
    "QuotasView": "WorkspaceQuotas",
    "RatioView": "GradientRatio",
    "ReachView": "GradientReach",
    "RecordView": "RemedyRecord",
    "Reference": "TaskReference",
    "RequestView": "ReadyRequest",
    "SeriesView": "HistorySeries",
    "SpectralRadius": "SpectralRadiusInit",
    "StatsView": "SeriesStats",
    "TorchDefault": "TorchDefaultInit",
    "Uniform": "UniformInit",
    "UnreadView": "UnreadQuantity",
    "UsageView": "WorkspaceUsage",
    "XavierNormal": "XavierNormalInit",
    "XavierUniform": "XavierUniformInit",
    "Zeros": "ZerosInit",
}
#: Unions, by the schema or operation and the property or parameter in which they come first. Where
#: one is a member of another, the inner one comes first.
_UNIONS: dict[tuple[str, str], tuple[str, ...]] = {
    ("AdamSpec", "schedule"): ("ScheduleSpec",),
    ("AddingSpec", "dependency_lag"): ("DependencyLag",),
    ("CsvProfile", "preview"): ("TableCell",),
    ("Dataset", "profile"): ("DatasetProfile",),
    ("ForecastSpec", "loss"): ("LossSpec", "LossChoice"),
    ("ForecastSpec", "transform"): ("TransformSpec", "TransformChoice"),
    ("ForkBody", "from_step"): ("ForkStep",),
    ("HistorySeries", "x"): ("HistoryPosition",),
    ("InitSpec", "bias"): ("BiasInit",),
    ("InitSpec", "input"): ("InputInit",),
    ("InitSpec", "recurrent"): ("RecurrentInit",),
    ("JobSpec", "clipping"): ("ClippingSpec",),
    ("JobSpec", "dataset"): ("DatasetSpec",),
    ("JobSpec", "model"): ("ModelSpec",),
    ("JobSpec", "optimizer"): ("OptimizerSpec",),
    ("PredictedRow", "timestamp"): ("RowTime",),
    ("ProbesSpec", "quantities"): ("QuantityOrder",),
    ("ReaderOptions", "day_first"): ("DayFirst",),
    ("ReaderOptions", "sentinels"): ("Sentinel",),
    ("ReaderOptions", "skip_lines"): ("SkippedLines",),
    ("list_runs", "dataset"): ("DatasetFilter",),
}
#: Objects inside of properties, with what they are.
_OBJECTS = {
    ("ComparisonBody", "patches"): ("SpecPatch", "A merge patch (RFC 7396) of the job spec."),
    ("CsvProfile", "preview"): ("TableRow", "Column -> cell."),
    ("PredictedRow", "quantiles"): ("QuantileValues", "Quantile -> value."),
    ("PredictionBody", "rows"): ("TableRow", "Column -> cell."),
    ("Suggestion", "dataset"): ("SuggestedDataset", "A data set of a job spec, complete."),
    ("TaskFacts", "shift"): ("SplitShift", "Split -> how its range differs from the training's."),
    ("TaskReference", "metrics"): ("MetricValues", "Metric -> value."),
}
#: Enumerations that say too little with the name of their property alone.
_ENUMERATIONS = {
    ("AdminRun", "kind"): "RunKind",
    ("ForecastSpec", "loss"): "LossName",
    ("ForecastSpec", "transform"): "TransformName",
    ("LayerFlow", "direction"): "ReadingDirection",
    ("NonFiniteLags", "value"): "NonFiniteWord",
    ("PacedQuantity", "name"): "ProbeQuantity",
}
#: Constrained texts whose class a generator would name like another schema.
_TEXTS = {("TrialBody", "remedies"): "RemedyName"}


def public_name(name: str) -> str:
    return _PUBLIC.get(name) or name.removesuffix(_SUFFIX)


def rename_schemas(document: dict[str, Any]) -> None:
    """Give every schema its public name, and every reference to it. Raises ValueError for two."""
    schemas = document["components"]["schemas"]
    renamed = {public_name(name): schema for name, schema in schemas.items()}
    if len(renamed) != len(schemas):
        detail = "two schemas have one public name"
        raise ValueError(detail)
    document["components"]["schemas"] = renamed
    for part in _objects(document):
        if isinstance(part.get("$ref"), str):
            part["$ref"] = _renamed(part["$ref"])
        mapping = part.get("mapping")
        if isinstance(mapping, dict):
            part["mapping"] = {kind: _renamed(place) for kind, place in mapping.items()}


def name_inline_schemas(schemas: dict[str, Any]) -> None:
    """Move unions, enumerations and inner objects out of properties, to schemas of their own."""
    for owner, schema in list(schemas.items()):
        for name, part in schema.get("properties", {}).items():
            _name_inside(schemas, owner, name, part)
            _name(schemas, owner, name, part)


def name_parameters(schemas: dict[str, Any], operation: dict[str, Any]) -> None:
    """Move unions and enumerations of an operation's parameters to schemas of their own."""
    owner = operation["operationId"]
    for parameter in operation.get("parameters", ()):
        _name_inside(schemas, owner, parameter["name"], parameter["schema"])
        _name(schemas, owner, parameter["name"], parameter["schema"])


def _name_inside(schemas: dict[str, Any], owner: str, name: str, part: dict[str, Any]) -> None:
    """The innermost first, so that a union can consist of what was named before it."""
    for inner in (*part.get("anyOf", ()), *part.get("oneOf", ()), *_members(part)):
        _name_inside(schemas, owner, name, inner)
        if inner.get("type") == "object":
            found, inner["description"] = _OBJECTS.get((owner, name), (_joined(owner, name), ""))
            _move(schemas, (found,), inner)
        else:
            _name(schemas, owner, name, inner)


def _name(schemas: dict[str, Any], owner: str, name: str, part: dict[str, Any]) -> None:
    joined = _joined(owner, name)
    if len(part.get("enum", ())) > 1:
        _move(schemas, (_ENUMERATIONS.get((owner, name)), joined), part)
    elif part.get("type") == "string" and (owner, name) in _TEXTS:
        _move(schemas, (_TEXTS[owner, name],), part)
    elif "oneOf" in part or len(_forms(part)) > 1:
        _name_union(schemas, (*_UNIONS.get((owner, name), ()), joined), part)


def _name_union(schemas: dict[str, Any], names: Sequence[str], part: dict[str, Any]) -> None:
    """Null stays with the property."""
    if _NULL not in part.get("anyOf", ()):
        _move(schemas, names, part)
        return
    union = {"anyOf": _forms(part)}
    _move(schemas, names, union)
    part["anyOf"] = [union, _NULL]


def _members(part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schemas of the items of a list and of the values of an object."""
    for key in ("items", "additionalProperties"):
        if isinstance(part.get(key), dict):
            yield part[key]


def _forms(part: dict[str, Any]) -> list[dict[str, Any]]:
    return [form for form in part.get("anyOf", ()) if form != _NULL]


def _move(schemas: dict[str, Any], names: Sequence[str | None], part: dict[str, Any]) -> None:
    """To the schema that is equal, or to the first name that no schema has."""
    moved = {key: part.pop(key) for key in _MOVED if key in part}
    if moved.get("type") == "object":
        moved["description"] = part.pop("description")
    equal = (name for name, schema in schemas.items() if schema == moved)
    free = (name for name in names if name is not None and name not in schemas)
    name = next(chain(equal, free))
    schemas.setdefault(name, moved)
    part["$ref"] = SCHEMAS + name


def _joined(owner: str, name: str) -> str:
    """The two as one name of a schema; an owner may be a schema or an operation."""
    begin = owner if owner[0].isupper() else _joined("X", owner)[1:]
    return begin + "".join(word.capitalize() for word in re.split("[_.-]", name))


def _renamed(reference: str) -> str:
    return SCHEMAS + public_name(reference.removeprefix(SCHEMAS))


def _objects(part: object) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    for one in inner:
        yield from _objects(one)
