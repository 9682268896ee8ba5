"""All settings of one API or worker process."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from app.settings.base import AccountSettings
from app.settings.http import HttpSettings
from app.settings.limits import LimitSettings
from app.settings.training import TrainingSettings
from app.settings.values import Folder, Seconds


class Settings(HttpSettings, TrainingSettings, LimitSettings, AccountSettings):
    """The settings of one API or worker process."""

    broker_url: str = Field(min_length=1, repr=False)
    """`redis://…`."""
    artifacts: Folder | None = None
    """Folder of the files of runs, which the API and all workers reach; by default in the home."""
    database_pool_size: int = Field(default=20, ge=1, le=1000)
    """Connections to the database that one process may hold."""
    database_pool_timeout_s: Seconds = 1.5
    """Seconds that a caller waits for a connection before it is answered 503."""
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(lambda text: text.upper())
    ] = "INFO"
    """The least severe messages that are logged."""

    @property
    def artifact_root(self) -> Path:
        return self.artifacts or self.home / "artifacts"
