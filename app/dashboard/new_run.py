"""The page with the form for a new run. Its fields come from the catalogue's schemas."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api.protocol.deps import RunsReader
from app.dashboard.pages import PageRoute, render

router = APIRouter(include_in_schema=False, route_class=PageRoute)

#: Groups of fields as a person thinks, with what each asks and the properties of the job spec.
GROUPS = (
    ("Task", "What is to be learned from which data?", ("dataset",), True),
    ("Network", "Which cell, how many units?", ("model",), True),
    ("Training", "How are the weights changed, and for how long?", ("optimizer", "training"), True),
    ("Limits", "What holds gradients and weights back?", ("clipping", "regularization"), False),
    ("Start", "Where do the weights begin?", ("init",), False),
    ("Watch", "What is measured, and how often?", ("probes",), False),
    ("Labels", "How do you find it again?", ("name", "tags", "notes", "priority"), False),
)


@router.get("/runs/new")
def get_new_run(request: Request, _caller: RunsReader) -> Response:
    """`?from=` begins with the spec of a run, `?dataset=` with a data set's suggestion.

    Both are read by the page's script, since they fill the fields.
    """
    return render(request, "new_run.html", twin="/v1/catalog", groups=GROUPS)
