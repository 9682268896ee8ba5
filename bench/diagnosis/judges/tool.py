"""A tool's rules as a judge: sick where one of them fires."""

from dataclasses import dataclass

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.findings import DiagnosisVerdict
from bench.diagnosis.comparators.comparator import Comparator
from bench.diagnosis.opinions import Opinion


@dataclass(frozen=True, kw_only=True)
class ToolJudge:
    """Gives the tool's alarms as causes, in its own order."""

    tool: Comparator

    @property
    def name(self) -> str:
        return self.tool.name

    def __call__(self, case: Case) -> Opinion:
        alarms = list(self.tool.alarms(case))
        if not alarms:
            return Opinion(verdict=DiagnosisVerdict.HEALTHY)
        return Opinion(
            verdict=DiagnosisVerdict.SICK,
            causes=tuple(dict.fromkeys(alarm.leaf or alarm.rule for alarm in alarms)),
        )
