"""Names of schemas in the OpenAPI document, from the names of classes.

`RunView` is `Run` there. Inline unions and enumerations become schemas with names of their own,
since a program that generates a client would number them otherwise.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

#: What is moved of an inline schema; its description and its default stay with the property.
_MOVED = ("type", "enum", "oneOf", "anyOf", "discriminator", "minLength", "maxLength")
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
#: Unions, by the schema and the property in which they come first.
_UNIONS = {
    ("InitSpec", "bias"): "BiasInit",
    ("InitSpec", "input"): "InputInit",
    ("InitSpec", "recurrent"): "RecurrentInit",
    ("JobSpec", "clipping"): "ClippingSpec",
    ("JobSpec", "dataset"): "DatasetSpec",
    ("JobSpec", "model"): "ModelSpec",
    ("JobSpec", "optimizer"): "OptimizerSpec",
    ("AdamSpec", "schedule"): "ScheduleSpec",
    ("Dataset", "profile"): "DatasetProfile",
    ("ForecastSpec", "loss"): "LossSpec",
    ("ForecastSpec", "transform"): "TransformSpec",
    ("ProbesSpec", "quantities"): "QuantityOrder",
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
    """Move unions of schemas and enumerations out of properties, to schemas of their own."""
    for owner, schema in list(schemas.items()):
        for name, part in schema.get("properties", {}).items():
            _name_inside(schemas, owner, name, part)


def name_enumerations(schemas: dict[str, Any], operation: dict[str, Any]) -> None:
    """Move the enumerations of an operation's parameters to schemas of their own."""
    for parameter in operation.get("parameters", ()):
        schema = parameter["schema"]
        for part in (schema, *schema.get("anyOf", ()), *_members(schema)):
            if len(part.get("enum", ())) > 1:
                _move(
                    schemas,
                    (_joined(_joined("", operation["operationId"]), parameter["name"]),),
                    part,
                )


def _name_inside(schemas: dict[str, Any], owner: str, name: str, part: dict[str, Any]) -> None:
    """The innermost first, so that a union can consist of what was named before it."""
    for inner in (*part.get("anyOf", ()), *part.get("oneOf", ()), *_members(part)):
        _name_inside(schemas, owner, name, inner)
    if len(part.get("enum", ())) > 1:
        _move(schemas, (_ENUMERATIONS.get((owner, name)), _joined(owner, name)), part)
    elif part.get("type") == "string" and (owner, name) in _TEXTS:
        _move(schemas, (_TEXTS[owner, name],), part)
    elif _is_union(part):
        _move(schemas, (_UNIONS.get((owner, name)), _joined(owner, name)), part)


def _members(part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schemas of the items of a list and of the values of an object."""
    for key in ("items", "additionalProperties"):
        if isinstance(part.get(key), dict):
            yield part[key]


def _is_union(part: dict[str, Any]) -> bool:
    """Whether it consists of two schemas or more; null is added by the property itself."""
    forms = part.get("oneOf") or part.get("anyOf") or ()
    return len(forms) > 1 and all("$ref" in form for form in forms)


def _move(schemas: dict[str, Any], names: Sequence[str | None], part: dict[str, Any]) -> None:
    """To the schema that is equal, or to the first name that no schema has."""
    moved = {key: part.pop(key) for key in _MOVED if key in part}
    equal = (name for name, schema in schemas.items() if schema == moved)
    free = (name for name in names if name is not None and name not in schemas)
    name = next(chain(equal, free))
    schemas.setdefault(name, moved)
    part["$ref"] = SCHEMAS + name


def _joined(owner: str, name: str) -> str:
    return owner + "".join(word.capitalize() for word in name.split("_"))


def _renamed(reference: str) -> str:
    return SCHEMAS + public_name(reference.removeprefix(SCHEMAS))


def _objects(part: object) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    for one in inner:
        yield from _objects(one)
