"""Types of settings, and how their texts are read."""

import ipaddress
import os
import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

MIB = 2**20
DAY_S = 86_400
_ORIGIN = re.compile(r"https?://(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[0-9]{1,5})?")


def database_dialect(url: str) -> str:
    """The URL for psycopg, the store's driver, from one that names it or PostgreSQL alone.

    Raises ValueError for other schemes than postgres, postgresql and postgresql+psycopg.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in {"postgres", "postgresql", "postgresql+psycopg"}:
        detail = "must start with postgresql+psycopg://"
        raise ValueError(detail)
    return f"postgresql+psycopg://{rest}"


def count_cores() -> int:
    """Cores that this process may use; all cores where the system does not tell."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return cores or 1


def _absolute(path: Path) -> Path:
    """Child processes may run in another folder."""
    return path.expanduser().absolute()


def _network(text: str) -> str:
    """The network in its usual form. Raises ValueError."""
    return str(ipaddress.ip_network(text, strict=False))


def _origin(text: str) -> str:
    """An origin as policies of browsers name it. Raises ValueError.

    Anything else could add directives to the policy.
    """
    if not _ORIGIN.fullmatch(text):
        detail = "must be origins such as https://wiki.example"
        raise ValueError(detail)
    return text


def _root_path(text: str) -> str:
    """The path without a slash at its end. Raises ValueError."""
    path = text.rstrip("/")
    if path and not re.fullmatch(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+", path):
        detail = "must be a path such as /clinic"
        raise ValueError(detail)
    return path


def _words(value: object) -> object:
    return [word.strip() for word in value.split(",")] if isinstance(value, str) else value


Folder = Annotated[Path, AfterValidator(_absolute)]
Seconds = Annotated[float, Field(gt=0, le=DAY_S)]
#: Seconds of training.
TrainingSeconds = Annotated[float, Field(gt=0, le=366 * DAY_S)]
Count = Annotated[int, Field(ge=1, le=2**40)]
Amount = Annotated[int, Field(ge=1, le=2**62)]
Network = Annotated[str, AfterValidator(_network)]
Origin = Annotated[str, AfterValidator(_origin)]
DatabaseUrl = Annotated[str, AfterValidator(database_dialect)]
RootPath = Annotated[str, AfterValidator(_root_path)]
#: Separated by commas in the environment.
Texts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]
Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_words)]
#: Origins of pages, such as https://wiki.example.
Origins = Annotated[tuple[Origin, ...], NoDecode, BeforeValidator(_words)]
