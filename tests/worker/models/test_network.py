import secrets

import pytest
import torch
from pydantic import TypeAdapter
from torch import Tensor, nn

from app.domain.specs.model import ModelSpec
from tests.domain.builders import task
from worker.cells.layer import State
from worker.models.layers import Chunking, detached
from worker.models.network import SequenceModel, build_model

_model_specs: TypeAdapter[ModelSpec] = TypeAdapter(ModelSpec)
KINDS = ("elman", "gru", "lstm", "linear")
SEED = secrets.randbits(31)


def make_model(
    kind: str,
    *,
    num_layers: int = 2,
    bidirectional: bool = False,
    many_to_one: bool = True,
    dropout: float = 0.0,
) -> SequenceModel:
    cell = {"kind": "elman", "activation": "linear"} if kind == "linear" else {"kind": kind}
    shape = {"hidden_size": 6, "num_layers": num_layers, "bidirectional": bidirectional}
    spec = _model_specs.validate_python({**cell, **shape, "dropout": dropout})
    torch.manual_seed(SEED)
    return build_model(spec, task(many_to_one=many_to_one)).double()


def noise(*shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(SEED)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("kind", ["gru", "lstm", "elman"])
def test_the_stack_computes_what_one_torch_module_of_many_layers_does(kind: str) -> None:
    model = make_model(kind, bidirectional=True, many_to_one=False)
    whole_class = {"gru": nn.GRU, "lstm": nn.LSTM, "elman": nn.RNN}[kind]
    whole = whole_class(2, 6, num_layers=2, bidirectional=True).double()
    named = {name.removeprefix("rnn."): weight for name, weight in model.named_tensors()}
    whole.load_state_dict({name: named[name] for name, _ in whole.named_parameters()})
    x_TBI = noise(9, 4, 2)

    outputs = model(x_TBI)

    torch.testing.assert_close(outputs, model.readout(whole(x_TBI)[0]))


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("many_to_one", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_padding_changes_nothing(kind: str, *, many_to_one: bool, bidirectional: bool) -> None:
    model = make_model(kind, bidirectional=bidirectional, many_to_one=many_to_one)
    x_TBI = noise(9, 3, 2)
    lengths_B = torch.tensor([9, 4, 1])
    junk_TBI = 1e3 * noise(14, 3, 2)
    junk_TBI[:9] = x_TBI
    for row, length in enumerate(lengths_B):
        junk_TBI[length:, row] = 1e3

    padded = model(junk_TBI, lengths_B)

    for row, length in enumerate(lengths_B.tolist()):
        alone = model(x_TBI[:length, row : row + 1])
        found = padded[row] if many_to_one else padded[:length, row]
        torch.testing.assert_close(found, alone[0] if many_to_one else alone[:, 0])


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_chunks_change_the_gradient_and_not_the_outputs(kind: str, *, bidirectional: bool) -> None:
    model = make_model(kind, bidirectional=bidirectional)
    x_TBI = noise(11, 3, 2)

    whole = model(x_TBI)
    chunked = model(x_TBI, chunking=Chunking(length=4, at_boundary=detached))

    torch.testing.assert_close(chunked, whole)


@pytest.mark.parametrize("kind", KINDS)
def test_beyond_the_window_of_truncation_the_gradient_is_exactly_zero(kind: str) -> None:
    model = make_model(kind)
    x_TBI = noise(11, 3, 2).requires_grad_()

    model(x_TBI, chunking=Chunking(length=4, at_boundary=detached)).sum().backward()

    assert x_TBI.grad is not None
    reach_T = x_TBI.grad.abs().sum(dim=(1, 2)) > 0
    assert reach_T.tolist() == [False] * 7 + [True] * 4


def test_a_truncated_gradient_is_the_sum_of_the_terms_within_its_window() -> None:
    """Oracle: with W_hh as its own copy at each timestep, TBPTT drops the early copies' terms."""
    model = make_model("elman", num_layers=1)
    x_TBI = noise(11, 3, 2)
    layer = model.layer(0)
    weight_hh = dict(layer.named_parameters())["weight_hh_l0"]
    contributions = _contributions(model, x_TBI)

    model(x_TBI, chunking=Chunking(length=4, at_boundary=detached)).sum().backward()

    torch.testing.assert_close(weight_hh.grad, torch.stack(contributions[-4:]).sum(dim=0))


def _contributions(model: SequenceModel, x_TBI: Tensor) -> list[Tensor]:
    """Gradient with respect to the copy of W_hh that each timestep uses."""
    weights = {name: weight.detach() for name, weight in model.layer(0).named_parameters()}
    copies = [weights["weight_hh_l0"].clone().requires_grad_() for _ in x_TBI]
    h_BH = torch.zeros(x_TBI.shape[1], 6, dtype=torch.float64)
    for x_BI, copy_HH in zip(x_TBI, copies, strict=True):
        drive_BH = x_BI @ weights["weight_ih_l0"].T + weights["bias_ih_l0"]
        h_BH = torch.tanh(drive_BH + h_BH @ copy_HH.T + weights["bias_hh_l0"])
    model.readout(h_BH).sum().backward()
    model.zero_grad()
    return [copy.grad for copy in copies if copy.grad is not None]


def test_a_boundary_hands_over_the_state_with_its_reading_position() -> None:
    model = make_model("lstm", num_layers=1)
    seen: list[tuple[int, int]] = []

    def note(state: State, position: int) -> State:
        seen.append((position, len(state)))
        return state

    model(noise(11, 3, 2), chunking=Chunking(length=4, at_boundary=note))

    assert seen == [(3, 2), (7, 2)]


def test_dropout_needs_its_generator_and_is_the_same_for_the_same_one() -> None:
    model = make_model("gru", dropout=0.5)
    x_TBI = noise(9, 4, 2)

    def dropped(seed: int) -> Tensor:
        outputs: Tensor = model(x_TBI, dropout_generator=torch.Generator().manual_seed(seed))
        return outputs

    assert torch.equal(model(x_TBI), model(x_TBI))
    assert torch.equal(dropped(1), dropped(1))
    assert not torch.equal(dropped(1), dropped(2))


def test_a_copy_computes_the_same_and_shares_nothing() -> None:
    model = make_model("lstm")
    x_TBI = noise(9, 4, 2)
    before = model(x_TBI).detach()

    copied = model.copied()
    with torch.no_grad():
        for _, weight in model.named_tensors():
            weight.zero_()

    assert torch.equal(copied(x_TBI), before)
