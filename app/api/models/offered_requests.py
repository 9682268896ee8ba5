"""Requests that a diagnosis offers: job specs that are named after what they try."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from pydantic import JsonValue, ValidationError

from app.api.models.view import View
from app.api.protocol.root_path import Href
from app.domain.lineage import BEST_STEP, WITHOUT_LINEAGE
from app.domain.specs.base import MAX_SHORT_TEXT
from app.domain.specs.job import JobSpec
from app.domain.specs.lineage import RunPurpose
from app.domain.specs.patch import as_document

RUNS = "/v1/runs"


class RequestView(View):
    """The request that tries a remedy or an experiment."""

    method: Literal["POST"]
    """Always `POST`."""
    href: Href
    """Where to send it."""
    body: dict[str, JsonValue]
    """A complete and valid job spec; its `name` says what it tries, and its `lineage` what for: it
    descends from the run that was judged. For a fork, the body of a fork."""


@dataclass(frozen=True, kw_only=True)
class Requests:
    """Makes the requests of one diagnosis."""

    #: The run that their runs descend from; None for none.
    parent_id: UUID | None

    def remedy(self, body: Mapping[str, JsonValue], *, kind: str) -> RequestView:
        """Returns the request of a run with a remedy; its name ends with the kind, in words."""
        return self._run(body, words=kind, purpose=RunPurpose.REMEDY, remedy=kind)

    def experiment(self, body: Mapping[str, JsonValue], *, cause: str) -> RequestView:
        """Returns the request of a run that tests a cause, with which its name ends."""
        return self._run(body, words=f"test of {cause}", purpose=RunPurpose.EXPERIMENT)

    def _run(
        self,
        body: Mapping[str, JsonValue],
        *,
        words: str,
        purpose: RunPurpose,
        remedy: str | None = None,
    ) -> RequestView:
        document = _in_declared_order(body)
        ending = f": {words.replace('_', ' ')}"
        document["name"] = f"{_name_of(document)[: MAX_SHORT_TEXT - len(ending)]}{ending}"
        for name in WITHOUT_LINEAGE:
            document.pop(name, None)
        if self.parent_id is not None:
            document["lineage"] = {
                "parent": str(self.parent_id),
                "purpose": purpose.value,
                "remedy": remedy,
            }
        return RequestView(method="POST", href=RUNS, body=document)

    def fork(self, patch: Mapping[str, JsonValue]) -> RequestView | None:
        """Returns the fork of the parent from its best step; None without a parent."""
        if self.parent_id is None:
            return None
        body: dict[str, JsonValue] = {"from_step": BEST_STEP, "patch": dict(patch)}
        return RequestView(method="POST", href=f"{RUNS}/{self.parent_id}/fork", body=body)


def in_order_of(
    document: Mapping[str, JsonValue], patch: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    """Returns the patch with its keys in the order of the document."""
    ordered: dict[str, JsonValue] = {}
    for key in sorted(patch, key=[*document, *patch].index):
        part, whole = patch[key], document.get(key)
        if isinstance(part, dict) and isinstance(whole, dict):
            ordered[key] = in_order_of(whole, part)
        else:
            ordered[key] = part
    return ordered


def _in_declared_order(body: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The database keeps no order of keys. A spec of an earlier release may be invalid by now."""
    try:
        return as_document(JobSpec.model_validate(body))
    except ValidationError:
        return dict(body)


def _name_of(document: Mapping[str, JsonValue]) -> str:
    """Returns the name of the spec, or what it trains where it has none."""
    model, dataset = document.get("model"), document.get("dataset")
    if document.get("name") or not isinstance(model, dict) or not isinstance(dataset, dict):
        return str(document.get("name") or "run")
    return f"{model.get('kind')} on {dataset.get('kind')}"
