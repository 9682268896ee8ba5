"""The scripts of the pages stay few, and typed throughout."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "app").glob("*/static/*.js"))
TESTS = sorted((ROOT / "tests/dashboard/static").glob("*.test.js"))
MAX_LINES = 4000


def test_the_scripts_of_the_pages_and_their_tests_are_few():
    lines = sum(path.read_text().count("\n") for path in SCRIPTS + TESTS)

    assert len(SCRIPTS) > 10
    assert len(TESTS) > 3
    assert lines <= MAX_LINES


def test_no_script_silences_the_type_checker():
    silencing = re.compile(r"@ts-(?!check)|[{<(| ]any[}>)|\[]")
    silent = [path.name for path in SCRIPTS + TESTS if silencing.search(path.read_text())]

    assert silent == []


def test_versions_of_what_checks_the_scripts_are_exact():
    package = json.loads((ROOT / "package.json").read_text())

    assert all(re.fullmatch(r"[\d.]+", one) for one in package["devDependencies"].values())


def test_the_lock_names_no_registry_and_has_a_hash_of_each_package():
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]

    own, *installed = packages.values()
    assert "devDependencies" in own
    assert [one for one in installed if "resolved" in one] == []
    assert [one["version"] for one in installed if "integrity" not in one] == []
