"""What the Dockerfile and the compose file say is parsed, and their very commands are run."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from sqlalchemy import create_engine, inspect

from app.embedded.ports import free_port
from app.embedded.servers import Servers
from app.settings import Serving, Settings

ROOT = Path(__file__).parents[2]
START_TIMEOUT_S = 120.0
OURS = ("migrate", "api", "worker")


@pytest.fixture(scope="module")
def services() -> Mapping[str, Any]:
    parsed: Mapping[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    found: Mapping[str, Any] = parsed["services"]
    return found


@pytest.fixture
def environ(home: Path, empty_database_url: str, servers: Servers) -> Mapping[str, str]:
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOSTNAME": "compose-test",
        "OMP_NUM_THREADS": "1",
        "CLINIC_HOME": str(home),
        "CLINIC_SECRET": "s" * 32,
        "CLINIC_DATABASE_URL": empty_database_url,
        "CLINIC_BROKER_URL": servers.broker.url,
    }


@pytest.fixture
def migrated(environ: Mapping[str, str], database_url: str) -> Mapping[str, str]:
    """What the API and the workers find once the migration job has ended."""
    return {**environ, "CLINIC_DATABASE_URL": database_url}


def dockerfile_stages() -> dict[str, str]:
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    parts = re.split(r"^FROM \S+ AS (\S+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def image_command(stage: str) -> list[str]:
    found = re.findall(r"^CMD (\[.*\])$", dockerfile_stages()[stage], flags=re.MULTILINE)
    command: list[str] = json.loads(found[-1])
    return command


def health_command(stage: str) -> list[str]:
    found = re.search(r"^HEALTHCHECK .*?CMD (\[.*\])$", dockerfile_stages()[stage], re.MULTILINE)
    assert found is not None
    command: list[str] = json.loads(found.group(1))
    return command


@contextmanager
def running(command: Sequence[str], environ: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command, env=environ, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    with process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()


def run_until_ok(command: Sequence[str], environ: Mapping[str, str]) -> None:
    """A health check is asked again until it says yes, as the container engine does."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        asked = subprocess.run(
            command, env=environ, cwd=ROOT, capture_output=True, text=True, check=False
        )
        if asked.returncode == 0:
            return
        assert time.monotonic() < deadline, asked.stdout + asked.stderr


def wait_for_word(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout is not None
    guard = threading.Timer(START_TIMEOUT_S, process.kill)
    guard.start()
    said = ""
    for line in process.stdout:
        said += line
        if word in line:
            guard.cancel()
            return
    raise AssertionError(said)


@pytest.mark.parametrize("name", ["database", "broker", *OURS])
def test_every_service_is_hardened(services: Mapping[str, Any], name: str):
    service = services[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


def test_no_secret_has_a_value_or_a_default(services: Mapping[str, Any]):
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            if "SECRET" in name or "PASSWORD" in name or name.endswith("_URL"):
                assert ":?" in value, name


def test_only_the_api_is_reachable_and_only_from_this_machine(services: Mapping[str, Any]):
    published = {name: one["ports"] for name, one in services.items() if "ports" in one}

    assert published == {"api": ["${CLINIC_HOST:-127.0.0.1}:${CLINIC_PORT:-8000}:8000"]}


def test_each_setting_is_passed_on_or_given(services: Mapping[str, Any]):
    """Except for those of `clinic serve` alone, and of the image: where the home is."""
    fields = Settings.model_fields.keys() | Serving.model_fields.keys()
    named = {f"CLINIC_{name.upper()}" for name in fields}
    passed = {name for one in OURS for name in services[one]["environment"]}

    left_out = named - passed

    assert left_out == {
        "CLINIC_ARTIFACTS",
        "CLINIC_HOME",
        "CLINIC_HOST",
        "CLINIC_PORT",
        "CLINIC_WORKERS",
    }


def test_nothing_starts_before_the_schema_is_there(services: Mapping[str, Any]):
    for name in ("api", "worker"):
        assert services[name]["depends_on"] == {
            "migrate": {"condition": "service_completed_successfully"},
            "database": {"condition": "service_healthy"},
            "broker": {"condition": "service_healthy"},
        }


@pytest.mark.parametrize("stage", ["api", "worker"])
def test_images_run_as_a_user_without_rights_and_check_their_health(stage: str):
    source = dockerfile_stages()[stage]

    assert "USER 10001:10001" in source
    assert "HEALTHCHECK" in source


def test_the_api_image_has_neither_torch_nor_the_trainer():
    source = dockerfile_stages()["api"] + dockerfile_stages()["api-packages"]

    assert "worker" not in source
    assert "torch" not in source
    assert not re.search(r"^torch==", (ROOT / "requirements/api.lock").read_text(), re.MULTILINE)


def test_each_folder_an_image_copies_is_let_through_to_the_build():
    let_through = set(re.findall(r"^!(\w+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    copied = set(re.findall(r"^COPY (\w+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE))

    assert copied <= let_through


def test_the_migration_job_makes_the_schema_and_the_first_key(
    services: Mapping[str, Any], environ: Mapping[str, str], home: Path
):
    command = services["migrate"]["command"]

    first, second = (
        subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=True)
        for _ in range(2)
    )

    engine = create_engine(environ["CLINIC_DATABASE_URL"])
    assert "runs" in inspect(engine).get_table_names()
    engine.dispose()
    key = (home / "admin-key").read_text().strip()
    assert key in first.stdout
    assert key not in second.stdout


def test_the_api_image_answers_and_its_health_check_sees_it(migrated: Mapping[str, str]):
    port = str(free_port())
    command = [port if word == "8000" else word for word in image_command("api")]
    check = [word.replace("8000", port) for word in health_command("api")]

    with running(command, migrated) as process:
        wait_for_word(process, "Gradient Clinic running")

        run_until_ok(check, migrated)

        assert httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200


def test_the_worker_image_answers_its_health_check(migrated: Mapping[str, str]):
    with running(image_command("worker"), migrated) as process:
        wait_for_word(process, " ready.")

        run_until_ok(health_command("worker"), migrated)
