"""Transforms of the target of a forecast, one module for each kind.

A network learns the transformed values. What it predicts is transformed back before it is scored.
"""

from typing import Annotated

from pydantic import Field

from app.domain.specs.base import NameOfKind, members_of
from app.domain.specs.transform.difference import Difference
from app.domain.specs.transform.log1p import Log1p

TransformSpec = Annotated[Log1p | Difference, Field(discriminator="kind"), NameOfKind()]
#: In the order of the union.
TRANSFORMS = members_of(TransformSpec)
