"""Long short-term memory (Hochreiter & Schmidhuber 1997) with a forget gate (Gers et al. 2000)."""

from typing import ClassVar, Literal

from app.domain.specs.model.cell import CellCard, Gate, Recipe, RecurrentSpec


class LstmSpec(RecurrentSpec):
    """Long short-term memory with a forget gate."""

    card: ClassVar = CellCard(
        gates=(
            Gate(name="input", admits_input=True),
            Gate(name="forget", keeps_state=True),
            Gate(name="cell", activation="tanh"),
            Gate(name="output"),
        ),
        state=("h", "c"),
        values_kept=6,
        overhead_s=8e-5,
        forget_gate="forget",
    )

    kind: Literal["lstm"]

    @property
    def recipe(self) -> Recipe:
        return Recipe(
            module="LSTM",
            equations=(
                "input = sigmoid(x_input + h_input)",
                "forget = sigmoid(x_forget + h_forget)",
                "cell = tanh(x_cell + h_cell)",
                "output = sigmoid(x_output + h_output)",
                "c = forget * c + input * cell",
                "h = output * tanh(c)",
            ),
        )
