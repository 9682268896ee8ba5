"""A key grants its own scopes only."""

from uuid import UUID

import pytest

from app.domain.access import Caller, check_may_grant
from app.domain.errors import Forbidden


def a_caller(*scopes: str) -> Caller:
    return Caller(workspace_id=UUID(int=1), key_id=UUID(int=2), scopes=frozenset(scopes))


def test_a_key_grants_each_of_its_scopes() -> None:
    check_may_grant(a_caller("admin", "runs:read"), ["runs:read", "admin"])


def test_scopes_that_the_key_lacks_are_named_in_order() -> None:
    with pytest.raises(Forbidden, match=r"this one lacks datasets:read, runs:write\."):
        check_may_grant(a_caller("admin"), ["runs:write", "admin", "datasets:read"])
