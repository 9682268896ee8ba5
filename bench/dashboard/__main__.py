"""Measures the pages and pictures of the service against their budgets.

    python -m bench.dashboard [--only PART ...] [--home FOLDER] [--mlflow-python INTERPRETER]

Everything is started here: a database that is generated, the API, and Debian's Chromium. With
`--home` the database stays in the folder and a second call uses it again. README.md says what the
parts are and what they found.
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser

from bench.dashboard.beside_mlflow import measure_beside_mlflow
from bench.dashboard.browsing import chromium
from bench.dashboard.live import measure_live
from bench.dashboard.pages import (
    measure_api_list,
    measure_heat_map,
    measure_run_list,
    measure_run_page,
    measure_zoom,
)
from bench.dashboard.pictures import measure_pictures
from bench.dashboard.results import Result, print_results
from bench.dashboard.server import Installation, installation
from bench.dashboard.spike import measure_spike

PARTS: dict[str, Callable[[Installation, Browser], list[Result]]] = {
    "list": lambda service, _browser: measure_api_list(service),
    "runs": measure_run_list,
    "run": measure_run_page,
    "heat": measure_heat_map,
    "zoom": measure_zoom,
    "pictures": lambda service, _browser: measure_pictures(service),
    "spike": measure_spike,
    "live": measure_live,
}
#: The part that needs an interpreter which has MLflow.
MLFLOW = "mlflow"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=[*PARTS, MLFLOW], default=None)
    parser.add_argument("--home", type=Path, default=None)
    parser.add_argument("--mlflow-python", type=Path, default=None)
    chosen = parser.parse_args()
    has_mlflow = chosen.mlflow_python is not None
    names = chosen.only or [*PARTS, *([MLFLOW] if has_mlflow else [])]
    if MLFLOW in names and not has_mlflow:
        parser.error("the part mlflow needs --mlflow-python")
    with tempfile.TemporaryDirectory(prefix="dashboard-") as temporary:
        home = chosen.home or Path(temporary) / "home"
        with installation(home) as service, chromium() as browser:
            for name in names:
                if name == MLFLOW:
                    folder = home.parent / "mlflow"
                    found = measure_beside_mlflow(service, browser, chosen.mlflow_python, folder)
                else:
                    found = PARTS[name](service, browser)
                print_results(name, found)


if __name__ == "__main__":
    main()
