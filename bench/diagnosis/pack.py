"""Merges the files of single runs into one file for each base task, for the repository.

python -m bench.diagnosis.pack [--of FOLDER] [--to FOLDER]
"""

import argparse
from pathlib import Path

from bench.diagnosis.stored import RUNS, StoredRun, read_runs, write_runs
from bench.diagnosis.train import DEFAULT_FOLDER


def pack(source: Path, target: Path) -> int:
    """Writes the files; returns the number of runs."""
    by_file: dict[str, list[StoredRun]] = {}
    for run in read_runs(source):
        by_file.setdefault(f"{run.label.plan}-{run.label.task}", []).append(run)
    target.mkdir(parents=True, exist_ok=True)
    for name, runs in by_file.items():
        write_runs(target / f"{name}.parquet", runs)
    return sum(map(len, by_file.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--of", type=Path, default=DEFAULT_FOLDER)
    parser.add_argument("--to", type=Path, default=RUNS)
    chosen = parser.parse_args()
    num_runs = pack(chosen.of, chosen.to)
    size = sum(path.stat().st_size for path in chosen.to.glob("*.parquet"))
    print(f"{num_runs} runs, {size / 2**20:.1f} MiB in {chosen.to}")


if __name__ == "__main__":
    main()
