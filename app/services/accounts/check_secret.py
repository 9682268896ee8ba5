"""Check that the service's secret is the one under which this database's API keys are stored."""

import hmac

from app.domain.errors import Misconfigured
from app.domain.tokens import fingerprint_of
from app.store.database import UnitOfWork
from app.store.installation import find_secret_fingerprint


def check_secret(work: UnitOfWork, *, secret: str) -> bool:
    """Returns False when no fingerprint is stored yet, otherwise True.

    Raises Misconfigured when the stored fingerprint is that of another secret.
    """
    stored = find_secret_fingerprint(work.session)
    if stored is None:
        return False
    if not hmac.compare_digest(stored, fingerprint_of(secret)):
        detail = "CLINIC_SECRET is not the one under which this database's API keys are stored: "
        detail += "all of them would be refused. Set it to the secret of the first start."
        raise Misconfigured(detail)
    return True
