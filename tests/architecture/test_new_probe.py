"""What a new probe costs: a file, two lines and `make docs`, and it is everywhere."""

from pathlib import Path

from tests.architecture.temporary_tree import Changes, Insertion, tree_with

SOURCE = '''"""How large the states are."""

from app.domain.quantities.probe import ProbeName
from app.domain.quantities.quantity import Cadence, Quantity
from app.domain.telemetry import ScalarReading
from worker.probes.card import Look, ProbeCard
from worker.replay.preparation import linearise_network


def measure_state_size(look: Look) -> tuple[ScalarReading, ...]:
    """`largest_state`."""
    stack = linearise_network(look.model, look.first(4))
    largest = max(float(cell.states.hidden_PBH.abs().max()) for level in stack for cell in level)
    return (look.reading("largest_state", "model", largest),)


CARD = ProbeCard(
    quantities=(
        Quantity(
            name="largest_state",
            unit="1",
            formula="largest |h| of the sample",
            reduction="largest over units, timesteps and 4 sequences",
            cost="nothing beside the replay",
            source="measured",
            cadence=Cadence.PROBE,
        ),
    ),
    names=(ProbeName(name="largest_state", tier="standard"),),
    measure=measure_state_size,
)
'''
MAKE_DOCS = ("docs.probed", "docs.generate")
PROGRAM = """
import json
from pathlib import Path
from app.domain.dynamics import is_of_dynamics
from app.main import create_app
from app.services.read_catalog import read_catalog
from app.settings import Settings
from tests.numerics.networks import network_of, sample_for
from worker.probes.suite import ProbeOrder, run_probes

urls = {"CLINIC_DATABASE_URL": "postgresql://", "CLINIC_BROKER_URL": "redis://"}
schemas = create_app(Settings.read({**urls, "CLINIC_SECRET": "s" * 32})).openapi()["components"]
network = network_of("gru")
sample = sample_for(network, num_timesteps=8, batch_size=4)


def measured(tier, quantities=None):
    order = ProbeOrder(tier=tier, quantities=quantities, required_lag=None, seed=0)
    found = run_probes(network, sample, order, step=0, clock=lambda: 0.0, kept={}).readings
    return any(getattr(one, "quantity", "") == "largest_state" for one in found)


print(json.dumps({
    "catalogue": "largest_state" in [one.name for one in read_catalog().quantities],
    "page": "| `largest_state` | 1 | largest" in Path("docs/measurements.md").read_text(),
    "names": schemas["schemas"]["ProbeQuantity"]["enum"],
    "dynamics": is_of_dynamics("largest_state"),
    "economy": measured("economy"),
    "standard": measured("standard"),
    "by name": measured("economy", ("largest_state",)),
    "by another name": measured("full", ("sigma_max",)),
}))
"""


def test_a_new_probe_is_one_file_and_two_lines(tmp_path: Path) -> None:
    tree = tree_with(
        tmp_path / "tree",
        new_files={"worker/probes/largest_state.py": SOURCE},
        insertions=[
            Insertion("worker/probes/suite.py", after="lag_profile,", lines=("largest_state,",)),
            Insertion(
                "worker/probes/suite.py", after="sum_rule.CARD,", lines=("largest_state.CARD,",)
            ),
        ],
    )
    assert tree.changes == Changes(new_files=1, inserted_lines=2)

    for module in MAKE_DOCS:
        tree.run(f"import runpy; runpy.run_module({module!r}, run_name='__main__')")
    answer = tree.answer(PROGRAM)

    assert isinstance(answer, dict)
    names = answer.pop("names")
    assert isinstance(names, list)
    assert "largest_state" in names
    assert answer == {
        "catalogue": True,
        "page": True,
        "dynamics": True,
        "economy": False,
        "standard": True,
        "by name": True,
        "by another name": False,
    }
