"""`clinic keys`: lists, makes and revokes API keys at the server's machine.

It needs the database and the secret, and no API key: it is the way back for an owner whose admin
keys are lost or revoked.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from app.domain.errors import Misconfigured, Unavailable
from app.embedded.home import DATABASE_URL_FILE, SECRET_FILE, write_private
from app.services.accounts.check_secret import check_secret
from app.services.accounts.create_key import create_key
from app.services.accounts.find_account import find_account
from app.services.accounts.list_keys import list_keys
from app.services.accounts.revoke_any_key import revoke_any_key
from app.settings import AccountSettings, HomeSettings
from app.store.database import UnitOfWork, make_engine, unit_of_work
from app.store.keys import ApiKey
from app.supervision.admin_key import admin_key_file
from app.supervision.machine import machine_actor


def read_account_settings(environ: Mapping[str, str]) -> AccountSettings:
    """Reads the settings from the environment and, for embedded servers, from the home.

    Raises Misconfigured when neither has them.
    """
    home = HomeSettings.read(environ).home
    kept = {
        "CLINIC_SECRET": _read(home / SECRET_FILE),
        "CLINIC_DATABASE_URL": _read(home / DATABASE_URL_FILE),
    }
    given = {name: value for name, value in environ.items() if value}
    try:
        return AccountSettings.read(kept | given)
    except Misconfigured as error:
        detail = f"{error.detail} Or set CLINIC_HOME to the data folder of `clinic serve`; "
        detail += f"{home} is none."
        raise Misconfigured(detail) from error


def list_of_keys(settings: AccountSettings, *, workspace: str | None) -> Iterator[str]:
    """Returns one line for each key of the workspace that is named, by default the first one."""
    with _work(settings) as work:
        account = find_account(work, named=workspace)
        keys = list_keys(work, caller_workspace_id=account.id, workspace_id=account.id)
    now = datetime.now(UTC)
    yield f"Workspace {account.name}, {account.id}"
    yield from (_line(key, now) for key in keys)


def make_key(
    settings: AccountSettings,
    *,
    workspace: str | None,
    name: str,
    scopes: Collection[str],
    replaces_admin_key: bool,
) -> str:
    """Makes a key and returns it; it is shown nowhere else.

    `replaces_admin_key` also writes it to the home, from which `clinic admin-key` reads it.
    """
    with _work(settings) as work:
        account = find_account(work, named=workspace)
        made = create_key(
            work, workspace_id=account.id, name=name, scopes=scopes, secret=settings.secret
        )
        if replaces_admin_key:
            write_private(admin_key_file(settings.home), made.secret)
    return made.secret


def revoke(settings: AccountSettings, *, key_id: UUID) -> str:
    """Revokes a key of any workspace, also the last one; returns what was done."""
    with _work(settings) as work:
        key = revoke_any_key(work, key_id=key_id)
    return f"Revoked {_line(key, datetime.now(UTC))}"


@contextmanager
def _work(settings: AccountSettings) -> Iterator[UnitOfWork]:
    engine = make_engine(settings.database_url, pool_size=1)
    try:
        with unit_of_work(engine, actor=machine_actor()) as work:
            check_secret(work, secret=settings.secret)
            yield work
    except Unavailable as error:
        detail = "The database does not answer. With embedded servers, start `clinic serve` first."
        raise Unavailable(detail) from error
    finally:
        engine.dispose()


def _line(key: ApiKey, now: datetime) -> str:
    used = "never used" if key.last_used_at is None else f"used {key.last_used_at:%Y-%m-%d %H:%M}"
    return "  ".join(
        [
            str(key.id),
            f"{key.prefix}…{key.last4}",
            _state(key, now),
            used,
            ",".join(key.scopes),
            key.name,
        ]
    )


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= now:
        return "expired"
    return "valid"


def _read(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""
