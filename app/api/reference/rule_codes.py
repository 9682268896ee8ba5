"""Codes of the problems that no schema can state, published for clients.

They belong to rules that concern several fields or stored data. Every other 422 breaks the schema
of its operation.
"""

from app.domain.datasets import UPLOAD_CODES
from app.domain.lineage import LINEAGE_CODES
from app.domain.specs.dataset.fit import FIT_CODES
from app.domain.specs.job import CROSS_FIELD_CODES
from app.domain.time_limits import TIME_LIMIT_TOO_LONG
from app.domain.trials.plan import NOT_ADVISED

_OF_THE_API = (
    # an option of the reader that query and form name with different values
    "contradiction",
    "idempotency_key_reused",
    "invalid_cursor",
    "lone_surrogate",
    "nul_character",
    # a quantity or scope that the run does not have
    "unknown",
    NOT_ADVISED,
    TIME_LIMIT_TOO_LONG,
    # a rule of one part of a job spec, stated in `detail`
    "value_error",
)

RULE_CODES = tuple(
    sorted({*CROSS_FIELD_CODES, *FIT_CODES, *LINEAGE_CODES, *UPLOAD_CODES, *_OF_THE_API})
)
