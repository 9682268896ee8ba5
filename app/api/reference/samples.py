"""A request of each operation as a person would send it: by curl, and by Python with httpx."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pprint import pformat
from typing import Any

#: Where the samples send requests; the page puts its own address in its place.
ADDRESS = "http://localhost:8000"
#: Values of parameters that an operation requires.
_QUERIES = {
    "create_dataset": "?name=co2&kind=csv",
    "compare_runs": "?run_id=$RUN_ID&run_id=$OTHER_RUN_ID",
    "get_comparison": "?preflight_id=$PREFLIGHT_ID&preflight_id=$OTHER_PREFLIGHT_ID",
    "cancel_comparison": "?preflight_id=$PREFLIGHT_ID&preflight_id=$OTHER_PREFLIGHT_ID",
    "get_history": "?quantity=loss&quantity=grad_norm",
    "get_run": "?until=ended&wait_s=60",
}
_CSV = "text/csv"
_VARIABLE = re.compile(r"\$([A-Z_]+)")
_IN_PATH = {"chart": "overview", "form": "svg", "name": "model.safetensors"}


def samples_of(method: str, path: str, operation: Mapping[str, Any]) -> list[dict[str, str]]:
    """Returns them as `x-codeSamples`, which several pages of reference know."""
    address = path
    for parameter in operation.get("parameters", ()):
        name = parameter["name"]
        if parameter["in"] == "path":
            address = address.replace(f"{{{name}}}", _IN_PATH.get(name, f"${name.upper()}"))
    media_type, body = _body_of(operation)
    request = _Request(
        method=method,
        address=address + _QUERIES.get(operation["operationId"], ""),
        media_type=media_type,
        body=body,
        has_key="security" in operation,
    )
    return [
        {"lang": "Shell", "label": "curl", "source": _curl(request)},
        {"lang": "Python", "label": "Python", "source": _python(request)},
    ]


@dataclass(frozen=True, kw_only=True)
class _Request:
    method: str
    address: str
    #: None without a body.
    media_type: str | None
    body: Any
    has_key: bool


def _body_of(operation: Mapping[str, Any]) -> tuple[str | None, Any]:
    """The first media type of the body and its first example."""
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        examples = list(content.get("examples", {}).values())
        return media_type, examples[0]["value"] if examples else content.get("example")
    return None, None


def _curl(request: _Request) -> str:
    verb = "" if request.method == "get" else f"-X {request.method.upper()} "
    lines = [f'curl -s {verb}"{ADDRESS}{request.address}"']
    if request.has_key:
        lines.append('-H "Authorization: Bearer $KEY"')
    if request.media_type is not None:
        lines.append(f'-H "Content-Type: {request.media_type}"')
        lines.append(_curl_body(request))
    return " \\\n  ".join(lines)


def _curl_body(request: _Request) -> str:
    if request.media_type == _CSV:
        return "--data-binary @co2.csv"
    quoted = json.dumps(request.body, indent=2).replace("'", "'\\''")
    return f"-d '{quoted}'"


def _python(request: _Request) -> str:
    arguments = [f"    {_python_address(request.address)},"]
    headers = []
    if request.has_key:
        headers.append('"Authorization": f"Bearer {os.environ[\'KEY\']}"')
    if request.media_type not in {None, "application/json"}:
        headers.append(f'"Content-Type": "{request.media_type}"')
    if headers:
        arguments.append(f"    headers={{{', '.join(headers)}}},")
    if request.media_type == _CSV:
        arguments.append('    content=Path("co2.csv").read_bytes(),')
    elif request.media_type is not None:
        arguments.append(f"    json={pformat(request.body, sort_dicts=False)},")
    imports = ["import os"] * request.has_key
    imports += ["from pathlib import Path"] * (request.media_type == _CSV)
    lines = [*imports, *[""] * bool(imports), "import httpx", ""]
    call = [f"answer = httpx.{request.method}(", *arguments, ")"]
    return "\n".join([*lines, *call, "print(answer.raise_for_status().text)"])


def _python_address(address: str) -> str:
    """The address as a text, with ids from the environment's variables of the same names."""
    text, count = _VARIABLE.subn(r"{os.environ['\1']}", ADDRESS + address)
    return f'f"{text}"' if count else f'"{text}"'
