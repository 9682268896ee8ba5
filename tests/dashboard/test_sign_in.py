"""A session of a browser is as good as its key, for as long, and for pages of ours alone."""

from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import text

from app.api.protocol.browser import COOKIE
from app.dashboard.sign_in import safe_path
from app.store.browser_sessions import MAX_SESSIONS_OF_KEY
from tests.api.conftest import Clinic, spec

WRITE = ("runs:read", "runs:write", "admin")


@pytest.fixture
def visitor(clinic: Clinic) -> Iterator[httpx.Client]:
    """A browser without a key: it keeps cookies and says where its requests come from."""
    headers = {"Origin": clinic.url}
    with httpx.Client(base_url=clinic.url, headers=headers, timeout=20) as made:
        yield made


def _sign_in(visitor: httpx.Client, key: str, **form: str) -> httpx.Response:
    return visitor.post("/sign-in", data={"key": key, **form})


def test_a_stranger_is_sent_to_sign_in_and_back(clinic: Clinic, visitor: httpx.Client) -> None:
    asked = visitor.get("/runs?status=failed")

    assert asked.status_code == httpx.codes.SEE_OTHER
    assert asked.headers["Location"] == "/sign-in?next=%2Fruns%3Fstatus%3Dfailed"
    opened = _sign_in(visitor, clinic.key, next="/runs?status=failed")
    assert opened.headers["Location"] == "/runs?status=failed"
    assert visitor.get("/runs?status=failed").status_code == httpx.codes.OK


def test_no_script_can_read_the_session(clinic: Clinic, visitor: httpx.Client) -> None:
    cookie = _sign_in(visitor, clinic.key).headers["Set-Cookie"]

    assert cookie.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    assert clinic.key not in cookie


@pytest.mark.parametrize("key", ["", "gc_nonsense", "gc_" + "0" * 43])
def test_a_wrong_key_opens_nothing(visitor: httpx.Client, key: str) -> None:
    answer = _sign_in(visitor, key)

    assert answer.status_code == httpx.codes.UNAUTHORIZED
    assert "Set-Cookie" not in answer.headers
    assert 'role="alert"' in answer.text


def test_a_session_reads_and_changes_nothing_unless_allowed(
    clinic: Clinic, visitor: httpx.Client
) -> None:
    _sign_in(visitor, clinic.key)

    assert visitor.get("/v1/runs").status_code == httpx.codes.OK
    refused = visitor.post("/v1/runs", json=spec())
    assert refused.status_code == httpx.codes.FORBIDDEN
    assert refused.json()["code"] == "missing_scope"
    assert visitor.get("/v1/api-keys").status_code == httpx.codes.FORBIDDEN


def test_a_session_that_may_change_things_has_the_scopes_of_its_key(
    clinic: Clinic, visitor: httpx.Client
) -> None:
    _sign_in(visitor, clinic.new_key("runs:read", "runs:write"), can_write="yes")

    assert visitor.post("/v1/runs", json=spec()).status_code == httpx.codes.CREATED
    assert visitor.get("/v1/api-keys").status_code == httpx.codes.FORBIDDEN


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_of_another_origin_changes_nothing(
    clinic: Clinic, visitor: httpx.Client, headers: dict[str, str]
) -> None:
    _sign_in(visitor, clinic.key, can_write="yes")

    answer = visitor.post("/v1/runs", json=spec(), headers=headers)

    assert answer.status_code == httpx.codes.FORBIDDEN
    assert _sign_in(visitor, clinic.key, can_write="yes").status_code == httpx.codes.SEE_OTHER
    crossed = visitor.post("/sign-in", data={"key": clinic.key}, headers=headers)
    assert crossed.status_code == httpx.codes.FORBIDDEN


def test_the_session_ends_when_somebody_signs_out(clinic: Clinic, visitor: httpx.Client) -> None:
    _sign_in(visitor, clinic.key)
    token = visitor.cookies[COOKIE]

    visitor.post("/sign-out")

    assert COOKIE not in visitor.cookies
    visitor.cookies.set(COOKIE, token)
    assert visitor.get("/v1/runs").status_code == httpx.codes.UNAUTHORIZED


def test_the_session_ends_with_its_key(clinic: Clinic, visitor: httpx.Client) -> None:
    with clinic.client() as admin:
        made = admin.post("/v1/api-keys", json={"scopes": ["runs:read"]}).json()
        _sign_in(visitor, made["key"])
        assert visitor.get("/v1/runs").status_code == httpx.codes.OK

        admin.delete(f"/v1/api-keys/{made['id']}")

    assert visitor.get("/v1/runs").status_code == httpx.codes.UNAUTHORIZED
    assert visitor.get("/runs").status_code == httpx.codes.SEE_OTHER


def test_a_session_ends_by_itself(clinic: Clinic, visitor: httpx.Client) -> None:
    _sign_in(visitor, clinic.key)
    with clinic.engine.begin() as connection:
        connection.execute(text("UPDATE browser_sessions SET expires_at = now()"))

    assert visitor.get("/v1/runs").status_code == httpx.codes.UNAUTHORIZED


def test_a_key_has_a_bounded_number_of_sessions(clinic: Clinic, visitor: httpx.Client) -> None:
    key = clinic.new_key("runs:read")
    _sign_in(visitor, key)
    first = visitor.cookies[COOKIE]

    for _ in range(MAX_SESSIONS_OF_KEY):
        _sign_in(visitor, key)

    assert visitor.get("/v1/runs").status_code == httpx.codes.OK
    visitor.cookies.clear()
    visitor.cookies.set(COOKIE, first)
    assert visitor.get("/v1/runs").status_code == httpx.codes.UNAUTHORIZED


def test_a_key_in_the_headers_counts_and_not_the_cookie(
    clinic: Clinic, visitor: httpx.Client
) -> None:
    _sign_in(visitor, clinic.key, can_write="yes")

    answer = visitor.get("/v1/runs", headers={"Authorization": "Bearer gc_nonsense"})

    assert answer.status_code == httpx.codes.UNAUTHORIZED


@pytest.mark.parametrize(
    ("given", "leads_to"),
    [
        ("/runs/1?x=2", "/runs/1?x=2"),
        (None, "/runs"),
        ("", "/runs"),
        ("//evil.example", "/runs"),
        ("https://evil.example", "/runs"),
        ("/\\evil.example", "/runs"),
        ("/a\nb", "/runs"),
    ],
)
def test_the_way_back_stays_on_this_server(given: str | None, leads_to: str) -> None:
    assert safe_path(given) == leads_to


def test_a_form_of_any_bytes_is_refused_as_a_wrong_key(visitor: httpx.Client) -> None:
    answer = visitor.post("/sign-in", content=b"key=\xff\xfe&next=%ff")

    assert answer.status_code == httpx.codes.UNAUTHORIZED


def test_a_page_that_did_not_change_is_not_sent_again(
    clinic: Clinic, visitor: httpx.Client
) -> None:
    _sign_in(visitor, clinic.key)
    first = visitor.get("/datasets")
    again = visitor.get("/datasets", headers={"If-None-Match": first.headers["ETag"]})

    assert again.status_code == httpx.codes.NOT_MODIFIED
    assert "frame-ancestors 'none'" in first.headers["Content-Security-Policy"]
