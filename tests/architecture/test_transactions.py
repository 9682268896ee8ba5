"""No transaction is open while something is computed; `tests/faults` times them in processes."""

import ast

import pytest

from tests.architecture.test_size import ROOT, Function, functions, sources

#: Calls that take seconds for a long run or a large file.
LONG = frozenset({"check_data", "diagnose", "find_intact", "verified", "file_digest"})

IN_API = {
    f"{path.relative_to(ROOT)}:{name}": node
    for path in sources("app/api")
    for name, node in functions(ast.parse(path.read_text()))
}
IN_SERVICES = {
    f"{path.relative_to(ROOT)}:{name}": node
    for path in sources("app/services")
    for name, node in functions(ast.parse(path.read_text()))
}


def annotations(node: Function) -> set[str]:
    arguments = (*node.args.args, *node.args.kwonlyargs)
    return {ast.unparse(each.annotation) for each in arguments if each.annotation is not None}


def called(node: ast.AST) -> set[str]:
    calls = (each.func for each in ast.walk(node) if isinstance(each, ast.Call))
    return {ast.unparse(function).rpartition(".")[2] for function in calls}


def answers_get(node: Function) -> bool:
    return any("get" in called(decorator) for decorator in node.decorator_list)


def is_within_transaction(statement: ast.AST) -> bool:
    return isinstance(statement, ast.With) and any(
        "unit_of_work" in called(item.context_expr) for item in statement.items
    )


@pytest.mark.parametrize("name", [name for name, node in IN_API.items() if answers_get(node)])
def test_a_route_that_reads_makes_its_answer_after_its_transaction(name: str) -> None:
    assert "Work" not in annotations(IN_API[name]), "use Read"


def test_there_are_routes_that_read() -> None:
    assert sum(answers_get(node) for node in IN_API.values()) > 20


@pytest.mark.parametrize("name", IN_SERVICES)
def test_a_service_computes_nothing_long_in_a_transaction(name: str) -> None:
    node = IN_SERVICES[name]
    blocks = [each for each in ast.walk(node) if is_within_transaction(each)]
    if {"UnitOfWork", "Session"} & annotations(node):
        blocks.append(node)

    assert not LONG & {call for block in blocks for call in called(block)}
