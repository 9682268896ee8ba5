"""What each recurrent cell states of itself."""

import ast
import inspect

import pytest
from pydantic import JsonValue

from app.domain.specs.base import kind_of
from app.domain.specs.model import CELLS, cells_that
from app.domain.specs.model.cell import ONLY_BLOCK, RecurrentSpec
from tests.domain.builders import job

FUNCTIONS = {"sigmoid", "tanh", "relu"}
KINDS: list[JsonValue] = [kind_of(cell) for cell in CELLS]
FORMS: list[dict[str, JsonValue]] = [
    *({"kind": kind} for kind in KINDS),
    {"kind": "elman", "activation": "relu"},
    {"kind": "elman", "activation": "linear"},
]


def form_of(parts: dict[str, JsonValue]) -> RecurrentSpec:
    return job(model=parts).model


def test_the_cells_are_known_by_their_kinds() -> None:
    assert [kind_of(cell) for cell in CELLS] == ["elman", "gru", "lstm"]


@pytest.mark.parametrize("cell", CELLS, ids=kind_of)
def test_a_cell_has_a_line_on_what_it_is(cell: type[RecurrentSpec]) -> None:
    assert (inspect.getdoc(cell) or "").splitlines()[0].endswith((".", ")"))


@pytest.mark.parametrize("cell", CELLS, ids=kind_of)
def test_the_names_of_a_card_are_distinct_words_for_equations(cell: type[RecurrentSpec]) -> None:
    names = [*cell.card.blocks, *cell.card.state]

    assert len(set(names)) == len(names)
    assert all(name.isidentifier() for name in names)
    assert cell.card.forget_gate in {None, *cell.card.blocks}


@pytest.mark.parametrize("parts", FORMS, ids=str)
def test_the_equations_use_what_stands_before_them_and_make_every_state(
    parts: dict[str, JsonValue],
) -> None:
    spec = form_of(parts)
    card, lines = spec.card, ast.parse("\n".join(spec.recipe.equations)).body
    known = {f"{side}_{block}" for side in "xh" for block in card.blocks} | {*card.state}
    made: list[str] = []
    for line in lines:
        assert isinstance(line, ast.Assign)
        used = {node.id for node in ast.walk(line.value) if isinstance(node, ast.Name)}
        assert used <= known | {*made} | FUNCTIONS
        (target,) = line.targets
        assert isinstance(target, ast.Name)
        made.append(target.id)

    assert len(set(made)) == len(made)
    assert {*card.state} <= {*made}
    assert made[-1] == card.state[0]


@pytest.mark.parametrize(
    ("kind", "blocks", "state"),
    [
        ("elman", (ONLY_BLOCK,), ("h",)),
        ("gru", ("reset", "update", "new"), ("h",)),
        ("lstm", ("input", "forget", "cell", "output"), ("h", "c")),
    ],
)
def test_blocks_and_states_are_those_of_torch(
    kind: str, blocks: tuple[str, ...], state: tuple[str, ...]
) -> None:
    card = form_of({"kind": kind}).card

    assert card.blocks == blocks
    assert card.state == state
    assert card.num_parameters(input_size=3, hidden_size=5) == len(blocks) * 5 * (3 + 5 + 2)


@pytest.mark.parametrize(
    ("kind", "keeping", "admitting"),
    [("elman", [], []), ("gru", ["update"], []), ("lstm", ["forget"], ["input"])],
)
def test_a_chrono_bias_is_for_the_gates_that_keep_the_state_and_admit_the_input(
    kind: str, keeping: list[str], admitting: list[str]
) -> None:
    card = form_of({"kind": kind}).card

    assert [gate.name for gate in card.gates if gate.keeps_state] == keeping
    assert [gate.name for gate in card.gates if gate.admits_input] == admitting
    assert card.keeps_state is bool(keeping)


@pytest.mark.parametrize(
    ("parts", "module", "arguments"),
    [
        ({"kind": "elman"}, "RNN", {"nonlinearity": "tanh"}),
        ({"kind": "elman", "activation": "relu"}, "RNN", {"nonlinearity": "relu"}),
        ({"kind": "elman", "activation": "linear"}, None, {}),
        ({"kind": "gru"}, "GRU", {}),
        ({"kind": "lstm"}, "LSTM", {}),
    ],
    ids=str,
)
def test_the_recipe_names_the_module_that_torch_has(
    parts: dict[str, JsonValue], module: str | None, arguments: dict[str, str]
) -> None:
    recipe = form_of(parts).recipe

    assert (recipe.module, recipe.arguments) == (module, arguments)


def test_a_message_names_the_cells_that_have_something() -> None:
    assert cells_that(lambda card: card.keeps_state) == "gru and lstm"
    assert cells_that(lambda card: card.forget_gate is not None) == "lstm"
    assert cells_that(lambda card: card.has_critical_gain) == "elman"
