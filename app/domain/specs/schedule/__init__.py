"""Learning-rate schedules, one module for each kind.

A kind is a spec with a method `share`, a pure function of the progress (base.py). A new kind needs
a module and two lines here.
"""

from typing import Annotated

from pydantic import Field

from app.domain.specs.base import DefaultKind
from app.domain.specs.schedule.constant import ConstantSchedule
from app.domain.specs.schedule.cosine import CosineSchedule
from app.domain.specs.schedule.step import StepSchedule
from app.domain.specs.schedule.warmup import WarmupSchedule

ScheduleSpec = Annotated[
    ConstantSchedule | StepSchedule | CosineSchedule | WarmupSchedule,
    Field(discriminator="kind"),
    DefaultKind("constant"),
]
