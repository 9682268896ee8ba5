"""Data sets, one module for each kind.

base    common fields, and the task as far as it is known before any data is read
fit     checks whether an upload fits a spec

A new kind needs a module and two lines here, and a task in `worker/datasets`.
"""

from typing import Annotated

from pydantic import Field

from app.domain.specs.base import members_of
from app.domain.specs.dataset.adding import AddingSpec
from app.domain.specs.dataset.copy_memory import CopyMemorySpec
from app.domain.specs.dataset.digits import DigitsSpec
from app.domain.specs.dataset.forecast import ForecastSpec
from app.domain.specs.dataset.sequences import SequencesSpec
from app.domain.specs.dataset.temporal_order import TemporalOrderSpec
from app.domain.specs.dataset.text import TextSpec

DatasetSpec = Annotated[
    AddingSpec
    | CopyMemorySpec
    | TemporalOrderSpec
    | DigitsSpec
    | ForecastSpec
    | TextSpec
    | SequencesSpec,
    Field(discriminator="kind"),
]
#: In the order of the union.
DATASETS = members_of(DatasetSpec)
