"""The judges that are compared.

clinic  the detectors, causes and remedies of this service
tool    a tool of `comparators`
"""

from bench.diagnosis.comparators import COMPARATORS
from bench.diagnosis.judges.clinic import CLINIC
from bench.diagnosis.judges.tool import ToolJudge
from bench.diagnosis.opinions import Judge

#: Ours comes first.
JUDGES: tuple[Judge, ...] = (CLINIC, *(ToolJudge(tool=tool) for tool in COMPARATORS))
