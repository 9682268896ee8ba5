"""Clients that three programs generate from the document do the main job.

Their generators live in an environment of their own, which `make test` makes from
`requirements/clients.lock`. One of them is a Java program; the lock brings a Java with it.
"""

import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Json, Owner

ROOT = Path(__file__).parents[2]
BIN = ROOT / "build/clients/venv/bin"
SCRIPTS = ROOT / "tests/clients"
SPEC: Json = {
    "model": {"kind": "elman", "hidden_size": 8},
    "clipping": {"kind": "norm", "max_norm": 1.0},
    "optimizer": {"kind": "rmsprop", "schedule": {"kind": "cosine", "warmup_steps": 2}},
    "dataset": {"kind": "adding", "length": 20},
    "training": {"num_steps": 20, "evaluate_every": 10},
}
VERDICTS = {"healthy", "at_risk", "sick", "undetermined"}


def run(command: Sequence[str | Path], *, within: Path, given: str = "") -> str:
    """What the program writes to its standard output. Fails where the program does."""
    environ = {"PATH": f"{BIN}:/usr/bin:/bin", "PYTHONPATH": str(within), "HOME": str(within)}
    done = subprocess.run(
        command, cwd=within, input=given, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + (done.stderr if not given else "")


@pytest.fixture(scope="module")
def document(owner: Owner, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The document of the running service, in a folder for what is generated from it."""
    assert BIN.exists(), "make build/clients/venv/.ready makes the generators' environment"
    path = tmp_path_factory.mktemp("clients") / "openapi.json"
    path.write_bytes(owner.http.get("/openapi.json").content)
    return path


def schemas_of(document: Path, *, with_properties: bool = False) -> set[str]:
    """The names of the document's schemas, which are those of the classes of a client."""
    schemas = json.loads(document.read_text())["components"]["schemas"]
    return {name for name in schemas if "properties" in schemas[name] or not with_properties}


def do_main_job(owner: Owner, script: str, *, within: Path) -> Json:
    address, key = str(owner.http.base_url).rstrip("/"), owner.http.headers["Authorization"][7:]
    command: list[str | Path] = [BIN / "python", SCRIPTS / script, address, key]
    found: Json = json.loads(run(command, within=within, given=json.dumps(SPEC)))
    return found


def assert_is_done(found: Json) -> None:
    assert (found["status"], found["final"]) == ("succeeded", True)
    assert found["optimizer"] == "RmspropSpec"
    assert found["verdict"] in VERDICTS


def test_openapi_python_client_drops_nothing_and_does_the_main_job(
    owner: Owner, document: Path
) -> None:
    folder = document.parent
    target, config = folder / "gradient_clinic_client", SCRIPTS / "openapi_python_client.yaml"
    command: list[str | Path] = [BIN / "openapi-python-client", "generate", "--path", document]
    options: list[str | Path] = ["--meta", "none", "--output-path", target, "--config", config]

    said = run([*command, *options, "--fail-on-warning"], within=folder)

    assert "WARNING" not in said
    operations = json.loads(document.read_text())["paths"].values()
    names = {operation["operationId"] for path in operations for operation in path.values()}
    assert {path.stem for path in (target / "api").rglob("*.py")} >= names
    classes = re.findall(r"import (\w+)", (target / "models/__init__.py").read_text())
    assert set(classes) >= schemas_of(document, with_properties=True)
    assert [name for name in classes if re.search(r"(Type\d|Item|\d)$", name)] == []
    assert_is_done(do_main_job(owner, "with_openapi_python_client.py", within=folder))


def test_openapi_generator_does_the_main_job(owner: Owner, document: Path) -> None:
    folder = document.parent
    target = folder / "generated"
    command: list[str | Path] = [BIN / "openapi-generator-cli", "generate", "-g", "python"]
    options: list[str | Path] = ["-i", document, "-o", target, "--package-name", "gradient_clinic"]

    said = run([*command, *options], within=folder)

    assert "ERROR" not in said
    modules = (target / "gradient_clinic/models/__init__.py").read_text()
    classes = set(re.findall(r"\.\w+ import (\w+)", modules))
    assert classes >= schemas_of(document, with_properties=True) - {"DatasetForm"}  # parameters
    assert classes <= schemas_of(document)
    assert_is_done(do_main_job(owner, "with_openapi_generator.py", within=target))


def test_datamodel_codegen_numbers_no_class_and_does_the_main_job(
    owner: Owner, document: Path
) -> None:
    folder = document.parent
    command: list[str | Path] = [BIN / "datamodel-codegen", "--input", document]
    kind = ["--input-file-type", "openapi", "--output-model-type", "pydantic_v2.BaseModel"]
    options: list[str | Path] = [*kind, "--formatters", "builtin", "--output", "clinic_models.py"]

    run([*command, *options], within=folder)

    source = (folder / "clinic_models.py").read_text()
    assert re.findall(r"^class (\w*\d)\(", source, re.MULTILINE) == []
    assert set(re.findall(r"^class (\w+)\(", source, re.MULTILINE)) >= schemas_of(document)
    assert_is_done(do_main_job(owner, "with_datamodel_codegen.py", within=folder))
