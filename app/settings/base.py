"""The data folder, and how all settings are read from the environment."""

from collections.abc import Mapping
from typing import Any, Self

from platformdirs import user_data_path
from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from app.domain.errors import Misconfigured
from app.settings.values import DatabaseUrl, Folder

PREFIX = "CLINIC_"
#: 128 bits, when the secret is hexadecimal.
MIN_SECRET_CHARACTERS = 32


class HomeSettings(BaseSettings):
    """Where the service keeps its data, and how settings are read."""

    model_config = SettingsConfigDict(
        frozen=True,
        env_prefix=PREFIX,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    home: Folder = Field(default_factory=lambda: user_data_path("gradient-clinic"))
    """The data folder; by default the user's."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Raises Misconfigured, which names the first wrong variable. An empty one is unset."""
        source = EnvSettingsSource(cls)
        source.env_vars = {name.lower(): value for name, value in environ.items() if value}
        given = source()
        try:
            return cls(**given)
        except ValidationError as error:
            raise Misconfigured(_complaint(error, cls, given)) from error

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - these names are the library's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments alone: `read` is given the environment, and nothing else looks at it."""
        return (init_settings,)


class AccountSettings(HomeSettings):
    """What a command needs that manages API keys."""

    secret: str = Field(min_length=MIN_SECRET_CHARACTERS, repr=False)
    """Keys the HMAC under which API keys are stored; it has no default."""
    database_url: DatabaseUrl = Field(repr=False)
    """`postgresql+psycopg://…`."""


def _complaint(error: ValidationError, settings: type[BaseSettings], given: dict[str, Any]) -> str:
    """What is wrong with the first wrong variable; the value of a secret is left out."""
    first = error.errors(include_input=False, include_context=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return f"{message}."
    name = str(first["loc"][0])
    variable = f"{PREFIX}{name.upper()}"
    if first["type"] == "missing":
        return f"{variable} must be set."
    shown = f", not {given[name]!r}" if settings.model_fields[name].repr else ""
    return f"{variable}: {message}{shown}."
