"""The demo's four job specs, and the yearly sunspot numbers that one of them learns to forecast."""

from dataclasses import dataclass

from pydantic import JsonValue
from statsmodels.datasets import sunspots

JsonObject = dict[str, JsonValue]

#: The mean solar cycle is about 11 years (SILSO), so a forecast gains from this much past.
SOLAR_CYCLE_YEARS = 11


@dataclass(frozen=True, kw_only=True)
class Order:
    """One run of the demo and what it is there to show."""

    title: str
    body: JsonObject


def sunspots_csv() -> str:
    """Yearly mean sunspot numbers 1700-2008 (NOAA, public domain), as statsmodels ships them."""
    rows = sunspots.load_pandas().data
    lines = [
        f"{int(year)},{value}" for year, value in zip(rows.YEAR, rows.SUNACTIVITY, strict=True)
    ]
    return "\n".join(["year,sunspots", *lines]) + "\n"


def _adding(
    name: str, *, recurrent: JsonObject, clipping: JsonObject, num_steps: int
) -> JsonObject:
    return {
        "name": name,
        "tags": ["demo"],
        "model": {"kind": "elman", "hidden_size": 64},
        "init": {"recurrent": recurrent},
        "clipping": clipping,
        "optimizer": {"kind": "adam", "learning_rate": 0.001},
        "dataset": {"kind": "adding", "length": 200},
        "training": {"num_steps": num_steps, "evaluate_every": 200},
    }


def orders(sunspots_id: str) -> tuple[Order, ...]:
    """The demo's runs; `sunspots_id` names the uploaded series."""
    return (
        Order(
            title="Elman tanh on adding, 200 timesteps: does the gradient reach back?",
            body=_adding(
                "demo: elman vanishes",
                recurrent={"kind": "torch_default"},
                clipping={"kind": "norm", "max_norm": 1.0},
                num_steps=1500,
            ),
        ),
        Order(
            title="The same unclipped, recurrent spectral radius 3: does it explode?",
            body=_adding(
                "demo: elman explodes",
                recurrent={"kind": "spectral_radius", "radius": 3.0},
                clipping={"kind": "none"},
                num_steps=600,
            ),
        ),
        Order(
            title="The same with spectral radius 5: how long does float32 hold?",
            body=_adding(
                "demo: elman overflows",
                recurrent={"kind": "spectral_radius", "radius": 5.0},
                clipping={"kind": "none"},
                num_steps=600,
            ),
        ),
        Order(
            title="LSTM that forecasts a real series, the yearly sunspot numbers",
            body={
                "name": "demo: lstm forecasts sunspots",
                "tags": ["demo"],
                "model": {"kind": "lstm", "hidden_size": 32},
                "dataset": {
                    "kind": "forecast",
                    "dataset_id": sunspots_id,
                    "target": "sunspots",
                    "time_column": "year",
                    "window": 33,
                    "season": SOLAR_CYCLE_YEARS,
                    "dependency_lag": SOLAR_CYCLE_YEARS,
                },
                "optimizer": {"kind": "adam", "learning_rate": 0.003},
                "training": {"num_steps": 1200, "evaluate_every": 100},
            },
        ),
    )
