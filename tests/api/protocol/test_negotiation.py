"""The form of an answer follows the client's wishes by their weights."""

import pytest
from starlette.exceptions import HTTPException

from app.api.protocol.negotiation import CSV, EVENT_STREAM, JSON, negotiate


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("text/csv", CSV),
        ("TEXT/CSV; charset=utf-8", CSV),
        ("text/*", CSV),
        ("application/json;q=0.5, text/csv", CSV),
        ("text/csv;q=0, */*", JSON),
        ("text/html, */*;q=0.1", JSON),
        ("text/csv;q=much", CSV),
    ],
)
def test_the_most_wanted_form_is_chosen(accept: str | None, form: str) -> None:
    assert negotiate(accept, offered=(JSON, CSV)) == form


@pytest.mark.parametrize("accept", ["image/png", "application/json;q=0", EVENT_STREAM])
def test_a_form_that_is_not_offered_is_refused(accept: str) -> None:
    with pytest.raises(HTTPException) as raised:
        negotiate(accept, offered=(JSON,))

    assert raised.value.status_code == 406
