"""Makes the first workspace and its admin key once, and leaves the key in the home folder."""

from pathlib import Path

from app.domain.errors import Misconfigured
from app.embedded.home import write_private
from app.services.accounts.bootstrap import bootstrap
from app.settings import Settings
from app.store.database import make_engine, unit_of_work
from app.supervision.machine import machine_actor


def make_admin_key(settings: Settings) -> str | None:
    """Make the key and its file where the database has no workspace yet; otherwise return None.

    The file is written before the transaction commits. The database stores only an HMAC, so a key
    that was committed but not written would be lost.
    """
    engine = make_engine(settings.database_url, pool_size=1)
    try:
        with unit_of_work(engine, actor=machine_actor()) as work:
            key = bootstrap(work, secret=settings.secret)
            if key is not None:
                write_private(admin_key_file(settings.home), key)
        return key
    finally:
        engine.dispose()


def read_admin_key(home: Path) -> str:
    """The key that the first start left in the home. Raises Misconfigured where there is none."""
    try:
        return admin_key_file(home).read_text().strip()
    except OSError as error:
        detail = (
            f"There is no admin key in {home}: {error.strerror}. Start `clinic serve` once, or set "
            "CLINIC_HOME to the data folder of the installation."
        )
        raise Misconfigured(detail) from error


def admin_key_file(home: Path) -> Path:
    return home / "admin-key"
