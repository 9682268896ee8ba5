"""The base tasks: job specs that solve their tasks with every seed in a few seconds on one core."""

from dataclasses import dataclass
from typing import Literal
from uuid import NAMESPACE_URL, uuid5

from pydantic import JsonValue

from bench.diagnosis.uploads import Upload

Family = Literal["adding", "order", "forecast", "panel", "sequences", "text"]
#: Plain JSON.
Document = dict[str, JsonValue]
#: The uploads are not in a database: the id is only a valid one.
DATASET_ID = str(uuid5(NAMESPACE_URL, "gradient-clinic/benchmark"))


@dataclass(frozen=True, kw_only=True)
class BaseTask:
    """A job spec that solves its task, and the data that it learns from."""

    name: str
    family: Family
    model: Document
    dataset: Document
    learning_rate: float
    num_steps: int
    init: Document | None = None
    upload: Upload | None = None
    #: Rate and momentum with which stochastic gradient descent solves the task too; None if it does
    #: not within the steps.
    sgd_rate: float | None = None

    @property
    def cell(self) -> str:
        """Kind of the cell; `relu` for an Elman network with that activation."""
        is_relu = self.model.get("activation") == "relu"
        return "relu" if is_relu else str(self.model["kind"])

    @property
    def spec(self) -> Document:
        """The job spec without seeds.

        Evaluations and probes lie at fixed steps, so that rows do not depend on the machine.
        """
        return {
            "model": self.model,
            "init": self.init or {},
            "clipping": {"kind": "norm", "max_norm": 1.0},
            "optimizer": {"kind": "adam", "learning_rate": self.learning_rate},
            "dataset": self.dataset,
            "training": {"num_steps": self.num_steps, "batch_size": 32, "device": "cpu"},
        }


def _forecast(**options: JsonValue) -> Document:
    return {"kind": "forecast", "dataset_id": DATASET_ID, "target": "value", **options}


def _sequences(**options: JsonValue) -> Document:
    return {
        "kind": "sequences",
        "dataset_id": DATASET_ID,
        "sequence_column": "sequence",
        "features": ["value"],
        "label": "label",
        **options,
    }


def _text(length: int) -> Document:
    return {"kind": "text", "dataset_id": DATASET_ID, "length": length}


def _model(kind: str, hidden_size: int, **options: JsonValue) -> Document:
    return {"kind": kind, "hidden_size": hidden_size, **options}


TASKS: tuple[BaseTask, ...] = (
    BaseTask(
        name="adding_lstm",
        family="adding",
        model=_model("lstm", 24),
        dataset={"kind": "adding", "length": 24},
        learning_rate=0.01,
        num_steps=400,
    ),
    BaseTask(
        name="adding_gru",
        family="adding",
        model=_model("gru", 24),
        dataset={"kind": "adding", "length": 20},
        learning_rate=0.01,
        num_steps=300,
    ),
    BaseTask(
        name="adding_elman",
        family="adding",
        model=_model("elman", 32),
        dataset={"kind": "adding", "length": 12},
        learning_rate=0.003,
        num_steps=600,
    ),
    BaseTask(
        name="order_elman",
        family="order",
        model=_model("elman", 24),
        dataset={"kind": "temporal_order", "length": 24},
        learning_rate=0.003,
        num_steps=300,
        sgd_rate=0.03,
    ),
    BaseTask(
        name="order_lstm",
        family="order",
        model=_model("lstm", 20),
        dataset={"kind": "temporal_order", "length": 30},
        learning_rate=0.01,
        num_steps=300,
    ),
    BaseTask(
        name="order_bigru",
        family="order",
        model=_model("gru", 12, bidirectional=True),
        dataset={"kind": "temporal_order", "length": 20},
        learning_rate=0.01,
        num_steps=200,
        sgd_rate=0.3,
    ),
    BaseTask(
        name="season_gru",
        family="forecast",
        model=_model("gru", 16),
        dataset=_forecast(window=24, horizon=2),
        upload=Upload(kind="series"),
        learning_rate=0.01,
        num_steps=300,
        sgd_rate=0.1,
    ),
    BaseTask(
        name="season_elman",
        family="forecast",
        model=_model("elman", 24),
        dataset=_forecast(window=20, horizon=1),
        upload=Upload(kind="series", options={"season": 10}),
        learning_rate=0.003,
        num_steps=300,
        sgd_rate=0.05,
    ),
    BaseTask(
        name="season_relu",
        family="forecast",
        model=_model("elman", 24, activation="relu"),
        dataset=_forecast(window=16, horizon=3),
        upload=Upload(kind="series", options={"season": 8, "noise": 0.15}),
        init={"recurrent": {"kind": "identity", "gain": 0.9}},
        learning_rate=0.003,
        num_steps=300,
        sgd_rate=0.02,
    ),
    BaseTask(
        name="panel_lstm",
        family="panel",
        model=_model("lstm", 20),
        dataset=_forecast(window=20, horizon=2, series_column="series"),
        upload=Upload(kind="series", options={"series": 6, "rows": 160, "season": 10}),
        learning_rate=0.01,
        num_steps=300,
        sgd_rate=0.2,
    ),
    BaseTask(
        name="panel_elman",
        family="panel",
        model=_model("elman", 20),
        dataset=_forecast(window=16, horizon=1, series_column="series"),
        upload=Upload(kind="series", options={"series": 4, "rows": 220, "season": 8}),
        learning_rate=0.003,
        num_steps=300,
        sgd_rate=0.05,
    ),
    BaseTask(
        name="first_lstm",
        family="sequences",
        model=_model("lstm", 20),
        dataset=_sequences(dependency_lag=15),
        upload=Upload(kind="labelled", options={"sequences": 900, "length": 16}),
        # with the usual bias some seeds stay at chance for most of the steps
        init={"forget_bias": 3.0},
        learning_rate=0.01,
        num_steps=500,
    ),
    BaseTask(
        name="sum_elman",
        family="sequences",
        model=_model("elman", 16),
        dataset=_sequences(),
        upload=Upload(
            kind="labelled", options={"rule": "sum_sign", "length": 12, "sequences": 900}
        ),
        learning_rate=0.003,
        num_steps=400,
        sgd_rate=0.03,
    ),
    BaseTask(
        name="mean_gru",
        family="sequences",
        model=_model("gru", 16),
        dataset=_sequences(task="regression"),
        upload=Upload(kind="labelled", options={"rule": "first_mean", "length": 14}),
        learning_rate=0.01,
        num_steps=300,
        sgd_rate=0.2,
    ),
    BaseTask(
        name="text_gru",
        family="text",
        model=_model("gru", 32),
        dataset=_text(24),
        upload=Upload(kind="text"),
        learning_rate=0.01,
        num_steps=300,
    ),
    BaseTask(
        name="text_lstm",
        family="text",
        model=_model("lstm", 32),
        dataset=_text(20),
        upload=Upload(kind="text", options={"lag": 2, "symbols": 5}),
        learning_rate=0.01,
        num_steps=300,
    ),
)
