"""Times in requests: in the format of RFC 3339, not as seconds since 1970."""

import re
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError

_DATE_AND_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt _]\d{2}:\d{2}")


def _written_out(value: object) -> object:
    """Refuse numbers: pydantic alone takes 0.5 for a time in 1970, which no schema says."""
    if isinstance(value, datetime) or (isinstance(value, str) and _DATE_AND_TIME.match(value)):
        return value
    raise PydanticCustomError(
        "datetime_parsing", "Input should be a time such as 2026-01-31T12:00:00Z"
    )


Instant = Annotated[AwareDatetime, BeforeValidator(_written_out)]
