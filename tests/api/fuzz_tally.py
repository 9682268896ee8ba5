"""What a fuzzer asked, what it was answered, and what of that is a failure."""

import json
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus

from schemathesis.core.transport import Response
from schemathesis.engine.recorder import CheckNode, ScenarioRecorder

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
            response = recorder.interactions[case_id].response
            label = recorder.cases[case_id].value.operation.label
            for check in checks:
                if check.failure_info is not None and not self._is_rule(check, response):
                    self._blame(label, check)

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
