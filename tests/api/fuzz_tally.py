"""What a fuzzer asked, what it was answered, and what of that is a failure."""

import json
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import schemathesis
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.transport import Response
from schemathesis.engine.recorder import CheckNode, Request, ScenarioRecorder

Case = schemathesis.Case[Any]
_CONFORMANCE = frozenset(
    {
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "status_code_conformance",
    }
)


@dataclass(kw_only=True)
class Tally:
    """Grows with every scenario."""

    seed: int
    #: Codes of the rules that the API publishes as beyond any schema.
    rule_codes: frozenset[str] = frozenset()
    #: All operations of the document.
    offered: frozenset[str] = frozenset()
    seconds: float = 0.0
    server_errors: int = 0
    schema_violations: int = 0
    #: Requests by operation and by status.
    operations: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def num_requests(self) -> int:
        return self.operations.total()

    def as_json(self) -> str:
        found = {
            "requests": self.num_requests,
            "server_errors": self.server_errors,
            "schema_violations": self.schema_violations,
            "failures": self.failures,
            "operations": len(self.operations),
            "statuses": {str(status): self.statuses[status] for status in sorted(self.statuses)},
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
        }
        return json.dumps(found, indent=1)

    def add(self, recorder: ScenarioRecorder) -> None:
        for case_id, interaction in recorder.interactions.items():
            self.operations[recorder.cases[case_id].value.operation.label] += 1
            if interaction.response is not None:
                self.statuses[interaction.response.status_code] += 1
        for case_id, checks in recorder.checks.items():
            interaction, case = recorder.interactions[case_id], recorder.cases[case_id].value
            for check in checks:
                if check.failure_info is None or _is_false_alarm(check, case, interaction.request):
                    continue
                if not self._is_rule(check, interaction.response):
                    self._blame(case.operation.label, check)

    def _is_rule(self, check: CheckNode, response: Response | None) -> bool:
        """Whether what fits the schema was refused by a rule that no schema states."""
        if check.name != "positive_data_acceptance" or response is None:
            return False
        if response.status_code != HTTPStatus.UNPROCESSABLE_ENTITY:
            return False
        # a merge patch fits its schema whatever it holds; what it makes of a spec may not
        return any(
            error["code"] in self.rule_codes or error["pointer"].startswith("/patch")
            for error in json.loads(response.content)["errors"]
        )

    def _blame(self, operation: str, check: CheckNode) -> None:
        assert check.failure_info is not None
        self.server_errors += check.name == "not_a_server_error"
        self.schema_violations += check.name in _CONFORMANCE
        told = check.failure_info.failure
        self.failures.append(
            f"{check.name}: {operation}: {told.title}: {told.message}\n"
            f"{check.failure_info.code_sample}"
        )


def _is_false_alarm(check: CheckNode, case: Case, request: Request) -> bool:
    """Whether a request that was to be refused was good after all."""
    match check.name:
        case "missing_required_header":
            # the fuzzer signs in whatever it sends
            return "authorization" in {name.lower() for name in request.headers}
        case "negative_data_rejection":
            return _is_only_the_body_bent(case) and _fits(case)
        case _:
            return False


def _is_only_the_body_bent(case: Case) -> bool:
    assert case.meta is not None
    parts = case.meta.components.items()
    return {place for place, part in parts if part.mode.is_negative} == {ParameterLocation.BODY}


def _fits(case: Case) -> bool:
    """What was bent out of one alternative may fit another; and what is sent as text is text.

    A `kind` of null is the default kind; the document publishes the kind alone.
    """
    sent = _without_null_kinds(case.body)
    return any(
        body.media_type == case.media_type and (_is_text(body.raw_schema) or body.is_valid(sent))
        for body in case.operation.body
    )


def _without_null_kinds(part: object) -> object:
    if isinstance(part, list):
        return [_without_null_kinds(one) for one in part]
    if not isinstance(part, dict):
        return part
    given = {name: _without_null_kinds(value) for name, value in part.items()}
    return {name: value for name, value in given.items() if name != "kind" or value is not None}


def _is_text(schema: object) -> bool:
    return isinstance(schema, dict) and schema.get("type") == "string"
