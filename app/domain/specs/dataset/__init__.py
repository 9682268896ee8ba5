"""The data sets that a client may train on: one module a kind.

base    fields, and what each kind says of its task before any data is read
fit     whether an upload can serve a spec

A new kind needs its module and two lines here, and its task in `worker/datasets`.
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
