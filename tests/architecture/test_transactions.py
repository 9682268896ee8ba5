"""No transaction is open while something is computed; `tests/faults` times them in processes."""

import ast

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


def test_a_route_that_reads_makes_its_answer_after_its_transaction() -> None:
    reading = {name: node for name, node in IN_API.items() if answers_get(node)}

    # they take Read
    assert [name for name, node in reading.items() if "Work" in annotations(node)] == []


def test_there_are_routes_that_read() -> None:
    assert sum(answers_get(node) for node in IN_API.values()) > 20


def long_calls(node: Function) -> set[str]:
    """Long calls of a function within a transaction, its own or its caller's."""
    blocks = [each for each in ast.walk(node) if is_within_transaction(each)]
    if {"UnitOfWork", "Session"} & annotations(node):
        blocks.append(node)
    return {call for block in blocks for call in LONG & called(block)}


def test_a_service_computes_nothing_long_in_a_transaction() -> None:
    found = {name: calls for name, node in IN_SERVICES.items() if (calls := long_calls(node))}

    assert len(IN_SERVICES) > 100
    assert found == {}


def test_a_long_call_in_a_transaction_is_seen() -> None:
    source = """
def of_its_own(engine):
    with unit_of_work(engine) as work:
        diagnose(work)

def of_its_caller(work: UnitOfWork):
    diagnose(work)

def after_it(engine):
    with unit_of_work(engine) as work:
        case = read(work)
    diagnose(case)
"""

    found = {name: long_calls(node) for name, node in functions(ast.parse(source))}

    assert found == {"of_its_own": {"diagnose"}, "of_its_caller": {"diagnose"}, "after_it": set()}
