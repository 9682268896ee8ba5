"""The simple recurrent cell: one matrix, one non-linearity, no gates."""

from typing import ClassVar, Literal

from app.domain.specs.model.cell import CellCard, Nonlinearity, Recipe, RecurrentSpec


class ElmanSpec(RecurrentSpec):
    """Simple recurrent network: h_t = act(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh)."""

    card: ClassVar = CellCard(values_kept=1, overhead_s=4e-5, has_critical_gain=True)

    kind: Literal["elman"]
    activation: Nonlinearity = "tanh"
    """`linear` is meant for exact checks."""

    @property
    def nonlinearity(self) -> Nonlinearity:
        return self.activation

    @property
    def recipe(self) -> Recipe:
        if self.activation == "linear":
            return Recipe(module=None, equations=("h = x_state + h_state",))
        return Recipe(
            module="RNN",
            arguments={"nonlinearity": self.activation},
            equations=(f"h = {self.activation}(x_state + h_state)",),
        )
