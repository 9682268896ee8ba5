"""The glossary's words are names in the code, and the words that it rules out are not."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from app.main import create_app
from app.settings import Settings

ROOT = Path(__file__).parents[2]
GLOSSARY = (ROOT / "docs/glossary.md").read_text()
FOLDERS = ("app", "worker")
#: Part of names that Python or a library gives.
GIVEN = frozenset({"model_config"})
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    settings = Settings(
        home=tmp_path_factory.mktemp("home"),
        secret="0" * 64,
        database_url="postgresql+psycopg://nowhere/none",
        broker_url="redis://nowhere",
    )
    return create_app(settings).openapi()


def rows() -> list[tuple[str, str]]:
    """First and third column of each table."""
    cells = re.findall(r"^\| (.+?) \| .+ \| ?(.*?) ?\|$", GLOSSARY, re.MULTILINE)
    return [(first, third) for first, third in cells if first != "word"]


@cache
def names_in_code() -> frozenset[str]:
    """Of modules, classes, functions, arguments, variables and fields; strings that look alike."""
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    nodes = (node for path in paths for node in ast.walk(ast.parse(path.read_text())))
    return frozenset(
        {path.stem for path in paths} | {name for node in nodes for name in name_of(node)}
    )


def name_of(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name
        case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
            yield name
        case ast.Attribute(attr=name, ctx=ast.Store()):
            yield name
        case ast.Constant(value=str() as name) if name.isidentifier():
            yield name


def words_of(name: str) -> set[str]:
    """`maxLength` and `max_length` are `max`, `length` and the name itself."""
    return {word.lower() for word in WORD.findall(name)} | {name, name.lower()}


def names_in_document(document: dict[str, Any]) -> Iterator[str]:
    """Of schemas, their properties and of parameters."""
    for name, schema in document["components"]["schemas"].items():
        yield name
        yield from schema.get("properties", {})
    for path in document["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict):
                yield from (p["name"] for p in operation.get("parameters", ()) if "name" in p)


def words_ruled_out() -> set[str]:
    in_tables = {word for _, third in rows() for word in third.split(", ") if word.isalpha()}
    return in_tables | {"utils", "helpers", "helper", "util", "misc"}


def test_each_word_in_code_font_is_a_name_in_the_code_or_the_contract(document: dict[str, Any]):
    names = {*names_in_code(), *names_in_document(document)}
    known = set().union(*map(words_of, names))
    claimed = {word for first, _ in rows() for word in re.findall(r"`(\w+)`", first)}

    assert len(claimed) > 30
    assert {word for word in claimed if word not in known} == set()


def test_no_name_in_the_code_uses_a_word_that_is_ruled_out():
    ruled_out = words_ruled_out()

    names = {name for name in names_in_code() if name not in GIVEN}

    assert len(ruled_out) > 10
    assert {name for name in names if words_of(name) & ruled_out} == set()


def test_no_name_in_the_http_contract_uses_a_word_that_is_ruled_out(document: dict[str, Any]):
    ruled_out = words_ruled_out()

    names = set(names_in_document(document))

    assert len(names) > 100
    assert {name for name in names if words_of(name) & ruled_out} == set()
