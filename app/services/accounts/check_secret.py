"""See that the secret is the one under which this database's API keys are stored."""

import hmac

from app.domain.errors import Misconfigured
from app.domain.tokens import fingerprint_of
from app.store.database import UnitOfWork
from app.store.installation import find_secret_fingerprint


def check_secret(work: UnitOfWork, *, secret: str) -> bool:
    """False where none was noted yet. Raises Misconfigured for any other than the noted one."""
    noted = find_secret_fingerprint(work.session)
    if noted is None:
        return False
    if not hmac.compare_digest(noted, fingerprint_of(secret)):
        detail = "CLINIC_SECRET is not the one that the API keys in this database were made with: "
        detail += "all of them would be refused. Set it to that of the first start."
        raise Misconfigured(detail)
    return True
