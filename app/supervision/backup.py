"""`clinic backup` and `clinic restore`: all that an installation cannot make again, in one folder.

database.dump  by pg_dump, in its custom format
artifacts/     the files of runs, checkpoints among them
secret         keys the HMAC of API keys, where the home has one
admin-key      likewise
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psycopg

from app.domain.errors import Conflict, Misconfigured
from app.embedded.binaries import postgresql_program
from app.embedded.database import start_database
from app.embedded.home import SECRET_FILE, make_home, owned, write_private
from app.settings import HomeSettings
from app.supervision.admin_key import admin_key_file
from app.supervision.key_commands import read_account_settings

DUMP = "database.dump"
ARTIFACTS = "artifacts"
STOP_S = 10.0
#: The role that migrations make for readers of the views. It belongs to the server, so that no dump
#: of a database has it.
_MAKE_READER = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'clinic_reader') THEN
        CREATE ROLE clinic_reader NOLOGIN;
    END IF;
END $$
"""


def back_up(environ: Mapping[str, str], folder: Path) -> None:
    """Copy the installation into a new folder, while it runs.

    Files are copied before and after the database: the copy has each file that a row of the
    database names. Raises Conflict where the folder has something in it, and Misconfigured.
    """
    settings = read_account_settings(environ)
    home = HomeSettings.read(environ).home
    _make_empty(folder)
    artifacts = Path(environ.get("CLINIC_ARTIFACTS") or home / ARTIFACTS)
    _copy_files(artifacts, folder / ARTIFACTS)
    dump = [
        "--format=custom",
        f"--file={folder / DUMP}",
        f"--dbname={_plain(settings.database_url)}",
    ]
    _run("pg_dump", dump)
    _copy_files(artifacts, folder / ARTIFACTS)
    write_private(folder / SECRET_FILE, settings.secret)
    if admin_key_file(home).exists():
        shutil.copy2(admin_key_file(home), admin_key_file(folder))


def restore(folder: Path, home: Path) -> None:
    """Make a home from a backup, for `clinic serve` with embedded servers.

    Raises Conflict where the home has something in it, and Misconfigured.
    """
    if not (folder / DUMP).exists():
        detail = f"{folder} is not a backup: it has no {DUMP}."
        raise Misconfigured(detail)
    _make_empty(home)
    make_home(home)
    for name in (SECRET_FILE, admin_key_file(folder).name):
        if (folder / name).exists():
            write_private(home / name, (folder / name).read_text().strip())
    _copy_files(folder / ARTIFACTS, home / ARTIFACTS)
    with owned(home):
        database = start_database(home)
        try:
            url = _plain(database.url())
            with psycopg.connect(url) as connection:
                connection.execute(_MAKE_READER)
            _run(
                "pg_restore",
                ["--no-owner", "--exit-on-error", f"--dbname={url}", str(folder / DUMP)],
            )
        finally:
            database.child.stop(within_s=STOP_S)


def _make_empty(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        detail = f"{folder} is not empty: name a new folder."
        raise Conflict(detail)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _copy_files(source: Path, target: Path) -> None:
    """Copy what the target lacks. A file that is deleted meanwhile is left out."""
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in source.rglob("*") if source.exists() else ():
        copy = target / path.relative_to(source)
        if path.is_dir():
            copy.mkdir(exist_ok=True)
        elif not copy.exists():
            _copy(path, copy)


def _copy(path: Path, copy: Path) -> None:
    try:
        shutil.copy2(path, copy)
    except FileNotFoundError:
        copy.unlink(missing_ok=True)


def _plain(url: str) -> str:
    """The URL as PostgreSQL's programs take it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def _run(program: str, arguments: list[str]) -> None:
    """One of the wheel, or else of the machine: no older than the server."""
    try:
        path = str(postgresql_program(program))
    except Misconfigured:
        path = program
    done = subprocess.run(  # noqa: S603 - without a shell
        [path, *arguments], capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    if done.returncode != 0:
        detail = f"{program} failed: {done.stderr.strip()[-500:]}"
        raise Misconfigured(detail)
