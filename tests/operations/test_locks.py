"""The locks name what the project asks for, by hash, and nothing of the machine that made them."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ("api", "worker", "all", "mutants", "clients")
TORCH = "torch"


def lock_text(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.lock").read_text()


def pinned(name: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for package, version in re.findall(r"^([a-z0-9._-]+)==(\S+)", lock_text(name), re.MULTILINE):
        found.setdefault(canonicalize_name(package), []).append(version)
    return found


def asked(*extras: str) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"]]
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    return [Requirement(line) for line in lines if Requirement(line).name != TORCH]


@pytest.mark.parametrize(
    ("lock", "extras"),
    [("api", ()), ("worker", ("worker",)), ("all", ("worker", "embedded", "demo", "dev"))],
)
def test_a_lock_satisfies_what_the_project_asks_for(lock: str, extras: tuple[str, ...]):
    versions = pinned(lock)

    for requirement in asked(*extras):
        found = versions[canonicalize_name(requirement.name)]
        assert all(requirement.specifier.contains(version) for version in found), requirement


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes_and_names_no_host(lock: str):
    text = lock_text(lock)

    assert "://" not in text
    assert "file:" not in text
    for block in re.split(r"\n(?=[a-z0-9])", text)[1:]:
        assert "--hash=sha256:" in block, block.splitlines()[0]


@pytest.mark.parametrize("lock", LOCKS)
def test_torch_stays_out_of_the_locks(lock: str):
    assert TORCH not in pinned(lock)


def test_torch_is_the_same_version_everywhere():
    texts = [(ROOT / name).read_text() for name in ("Makefile", "Dockerfile", "pyproject.toml")]

    assert {re.findall(r"torch==([\d.]+)", text)[0] for text in texts} == {"2.13.0"}
