"""What `clinic serve` starts, and where."""

from typing import Self

from pydantic import Field, model_validator

from app.settings.base import MIN_SECRET_CHARACTERS, HomeSettings
from app.settings.values import DatabaseUrl, count_cores


class Serving(HomeSettings):
    """What `clinic serve` starts, and where."""

    host: str = "127.0.0.1"
    """Address on which the API listens."""
    port: int = Field(default=8000, ge=0, le=65_535)
    """0 picks a free port, which the file `address` in the home then tells."""
    workers: int = Field(default=1, ge=0, le=64)
    """Worker processes; 0 leaves the training to other machines."""
    slots: int = Field(default_factory=count_cores, ge=1, le=1024)
    """Runs that one worker trains at the same time; by default as many as it has cores."""
    database_url: DatabaseUrl | None = Field(default=None, repr=False)
    """With a broker's URL: no server is embedded."""
    broker_url: str | None = Field(default=None, repr=False)
    """With a database's URL: no server is embedded."""
    secret: str | None = Field(default=None, min_length=MIN_SECRET_CHARACTERS, repr=False)
    """Made at the first start when the servers are embedded."""

    @model_validator(mode="after")
    def _servers_are_embedded_together(self) -> Self:
        if (self.database_url is None) != (self.broker_url is None):
            detail = "Set CLINIC_DATABASE_URL and CLINIC_BROKER_URL both, or neither to embed them"
            raise ValueError(detail)
        if self.database_url is not None and self.secret is None:
            detail = "CLINIC_SECRET must be set"
            raise ValueError(detail)
        return self
