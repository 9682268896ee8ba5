"""The gated recurrent unit (Cho et al. 2014), as torch and cuDNN compute it."""

from typing import ClassVar, Literal

from app.domain.specs.model.cell import CellCard, Gate, Recipe, RecurrentSpec


class GruSpec(RecurrentSpec):
    """Gated recurrent unit, reset after the product (as torch and cuDNN)."""

    card: ClassVar = CellCard(
        gates=(
            Gate(name="reset"),
            # torch's update gate keeps the state; that of the papers replaces it
            Gate(name="update", keeps_state=True),
            Gate(name="new", activation="tanh"),
        ),
        values_kept=5,
        overhead_s=2e-4,
    )

    kind: Literal["gru"]

    @property
    def recipe(self) -> Recipe:
        return Recipe(
            module="GRU",
            equations=(
                "reset = sigmoid(x_reset + h_reset)",
                "update = sigmoid(x_update + h_update)",
                "new = tanh(x_new + reset * h_new)",
                "h = (1 - update) * new + update * h",
            ),
        )
