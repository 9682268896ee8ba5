"""The `clinic` command: runs the whole service, or one step of a production set-up."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from app.domain.access import Scope
from app.domain.errors import ClinicError
from app.embedded.home import make_home
from app.migration import downgrade, migrate
from app.processes import end_with_parent
from app.settings import HomeSettings, Serving, Settings
from app.supervision.admin_key import admin_key_file, make_admin_key, read_admin_key
from app.supervision.backup import back_up, restore
from app.supervision.key_commands import list_of_keys, make_key, read_account_settings, revoke
from app.supervision.serve import serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit status. A user's error is printed as one line."""
    asked = _parser().parse_args(arguments)
    try:
        match asked.command:
            case "serve":
                if asked.end_with_parent:
                    end_with_parent(os.getppid(), by=signal.SIGTERM)
                _serve(asked.port)
            case "admin-key":
                print(read_admin_key(HomeSettings.read(os.environ).home))
            case "keys":
                _manage_keys(asked)
            case _:
                _maintain(asked)
    except ClinicError as error:
        print(f"clinic: {error.detail}", file=sys.stderr)
        return 1
    return 0


def _maintain(asked: argparse.Namespace) -> None:
    match asked.command:
        case "migrate":
            migrate(Settings.read(os.environ).database_url)
        case "backup":
            back_up(os.environ, asked.folder)
        case "restore":
            restore(asked.folder, HomeSettings.read(os.environ).home)
        case "downgrade":
            url = Settings.read(os.environ).database_url
            downgrade(url, revision=asked.revision, lose_data=asked.lose_data)
        case _:
            _bootstrap()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="clinic", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="run the service until SIGTERM or Ctrl-C")
    serving.add_argument("--port", help="instead of CLINIC_PORT; 0 picks a free one")
    serving.add_argument(
        "--end-with-parent",
        action="store_true",
        help="stop when the process that started this one ends, also when that one is killed",
    )
    commands.add_parser("admin-key", help="print the admin key that the first start made")
    _add_keys(commands.add_parser("keys", help="list, make or revoke API keys on this machine"))
    commands.add_parser("migrate", help="bring the database to the newest schema")
    saving = commands.add_parser("backup", help="copy the installation, while it runs")
    saving.add_argument("folder", type=Path, help="a new folder for the copy")
    restoring = commands.add_parser("restore", help="make a new home from a backup")
    restoring.add_argument("folder", type=Path, help="of the backup; CLINIC_HOME is the new home")
    backwards = commands.add_parser("downgrade", help="bring the database to an older schema")
    backwards.add_argument("revision", help="of the older release, for instance 0011")
    backwards.add_argument(
        "--lose-data", action="store_true", help="also where that deletes what is stored"
    )
    commands.add_parser("bootstrap", help="make the first workspace and print its admin key")
    return parser


def _add_keys(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True)
    listing = verbs.add_parser("list", help="list the keys of a workspace")
    making = verbs.add_parser("create", help="make a key and print it")
    for verb in (listing, making):
        verb.add_argument("--workspace", help="its name or id; by default the first one")
    making.add_argument("--name", default="made on the machine", help="what the key is for")
    making.add_argument(
        "--scope",
        action="append",
        choices=list(Scope),
        help="a scope of the key; repeatable; by default all of them",
    )
    making.add_argument(
        "--as-admin-key",
        action="store_true",
        help="also write it where `clinic admin-key` reads it",
    )
    revoking = verbs.add_parser("revoke", help="revoke a key of any workspace")
    revoking.add_argument("key_id", type=UUID, help="as `clinic keys list` shows it")


def _manage_keys(asked: argparse.Namespace) -> None:
    settings = read_account_settings(os.environ)
    match asked.verb:
        case "list":
            for line in list_of_keys(settings, workspace=asked.workspace):
                print(line)
        case "create":
            print(
                make_key(
                    settings,
                    workspace=asked.workspace,
                    name=asked.name,
                    scopes=asked.scope or tuple(Scope),
                    replaces_admin_key=asked.as_admin_key,
                )
            )
        case _:
            print(revoke(settings, key_id=asked.key_id))


def _serve(port: str | None) -> None:
    environ = dict(os.environ)
    if port is not None:
        environ["CLINIC_PORT"] = port
    serve(Serving.read(environ), environ, say=lambda line: print(line, flush=True))


def _bootstrap() -> None:
    settings = Settings.read(os.environ)
    make_home(settings.home)
    key = make_admin_key(settings)
    print(key or f"The admin key exists already: see {admin_key_file(settings.home)}")


if __name__ == "__main__":
    sys.exit(main())
