"""Mutation testing: does a test of the domain fail when a line of the domain is wrong?

    python -m tests.mutation [MODULE …] [--survivors] [--processes N]

Needs an environment with cosmic-ray; `make mutants` makes one. Works on copies of the tree in
build/mutants, one for each process, and goes on where it was interrupted as long as neither the
domain nor its tests have changed. Without names it tries all modules of MODULES and writes the
page. `--survivors` tries the survivors of earlier runs again with the tests as they are now; what
was killed in a module that has not changed since counts as killed.
"""

# ruff: noqa: T201 - a program that prints

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from queue import SimpleQueue

from tests.mutation.mutants import Equivalent, split_survivors
from tests.mutation.page import Circumstances, page
from tests.mutation.sessions import forget_survivors, mutants_of, num_pending, skip

ROOT = Path(__file__).parents[2]
WORK = ROOT / "build" / "mutants"
PAGE = ROOT / "docs" / "mutation.md"
EQUIVALENTS = Path(__file__).with_name("equivalents.toml")
DOMAIN_TESTS = Path("tests/domain")
PYTHON = ROOT / ".venv" / "bin" / "python"
#: Ten times what all tests of the domain take.
TIMEOUT_S = 60.0
MODULES = (
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "app/domain/specs").rglob("*.py")),
    *(
        f"app/domain/{name}.py"
        for name in ("estimate", "integrity", "quotas", "readings", "runs", "series")
    ),
)
PYTEST = f"{PYTHON} -m pytest -x -q --noconftest -p no:cacheprovider"
#: No plugins, which take longer to import than most tests; examples that do not change.
ENVIRONMENT = {
    "CI": "true",
    "OMP_NUM_THREADS": "1",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("modules", nargs="*", help="for instance runs specs/job")
    parser.add_argument("--survivors", action="store_true")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args(arguments)
    modules = [f"app/domain/{name}.py" for name in given.modules] or list(MODULES)
    trees = [make_tree(f"tree-{index}") for index in range(given.processes)]
    about = circumstances(check_tests(trees[0]))
    sessions = [open_session(module, trees[0], again=given.survivors) for module in modules]
    try_all(sessions, trees)
    found = [one for session in sessions for one in mutants_of(session)]
    if not given.modules:
        PAGE.write_text(page(found, equivalents(), about))
    survivors, _ = split_survivors(found, equivalents())
    for one in survivors:
        print(f"{one.module}:{one.line_number}: {one.before}  =>  {one.after}")
    print(f"{len(survivors)} survivors that are not equivalent")
    return 0


def make_tree(name: str) -> Path:
    """A copy of what the domain and its tests need, in which files may be changed."""
    tree = WORK / name
    shutil.rmtree(tree, ignore_errors=True)
    ignored = shutil.ignore_patterns("__pycache__")
    for folder in ("app", "tests"):
        shutil.copytree(ROOT / folder, tree / folder, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tree)
    command = [str(PYTHON), "-m", "compileall", "-q", "app", "tests/domain"]
    subprocess.run(command, cwd=tree, check=True)
    return tree


def check_tests(tree: Path) -> int:
    """How many tests there are; all must pass on the unchanged domain."""
    command = f"{PYTEST} --rootdir {tree} {DOMAIN_TESTS}"
    done = subprocess.run(
        command.split(),
        cwd=tree,
        env=environment(tree),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stdout)
        sys.exit("The tests fail on the unchanged domain.")
    return int(done.stdout.rpartition(" passed")[0].split()[-1])


def environment(tree: Path) -> dict[str, str]:
    return {**os.environ, **ENVIRONMENT, "PYTHONPATH": str(tree)}


def open_session(module: str, tree: Path, *, again: bool) -> Path:
    """A session with what is left to try: all mutants if anything has changed since."""
    name = module.removeprefix("app/domain/").removesuffix(".py").replace("/", "-")
    session = WORK / f"{name}-{digest(ROOT / module)}.sqlite"
    stamp, state = session.with_suffix(".state"), digest(ROOT / "app/domain", ROOT / DOMAIN_TESTS)
    if session.exists() and again:
        forget_survivors(session, but=equivalents())
    elif not session.exists() or stamp.read_text() != state:
        session.unlink(missing_ok=True)
        config = session.with_suffix(".toml")
        config.write_text(configuration(module))
        cosmic_ray("init", str(config), str(session), cwd=tree)
        skip(session, root=tree)
        stamp.write_text("changed since" if again else state)
    return session


def digest(*places: Path) -> str:
    """Of all sources in files and folders."""
    total = hashlib.sha256()
    for place in places:
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            total.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return total.hexdigest()[:12]


def configuration(module: str) -> str:
    stages = " && ".join(f"{PYTEST} {' '.join(map(str, tests))}" for tests in stages_of(module))
    return f"""
[cosmic-ray]
module-path = "{module}"
timeout = {TIMEOUT_S}
excluded-modules = []
test-command = "bash -c '{stages}'"

[cosmic-ray.distributor]
name = "local"
"""


def stages_of(module: str) -> list[list[Path]]:
    """First the tests named after the module or its package, then its folder's, then all."""
    folder, *names = DOMAIN_TESTS, *Path(module).with_suffix("").parts[2:]
    while names and (ROOT / folder / names[0]).is_dir():
        folder /= names.pop(0)
    named = [folder / f"test_{name}{end}.py" for name in reversed(names) for end in ("", "s")]
    stages = [[path for path in named if (ROOT / path).exists()], [folder], [DOMAIN_TESTS]]
    return [stage for index, stage in enumerate(stages) if stage and stage not in stages[:index]]


def cosmic_ray(*arguments: str, cwd: Path) -> None:
    program = Path(sys.executable).with_name("cosmic-ray")
    subprocess.run([str(program), *arguments], cwd=cwd, env=environment(cwd), check=True)


def try_all(sessions: Sequence[Path], trees: Sequence[Path]) -> None:
    """Each process has a tree of its own and takes the next session, the largest first."""
    free: SimpleQueue[Path] = SimpleQueue()
    for tree in trees:
        free.put(tree)

    def finish(session: Path) -> None:
        tree = free.get()
        if num_pending(session):
            cosmic_ray("exec", str(session.with_suffix(".toml")), str(session), cwd=tree)
        print(f"{session.stem}: done", flush=True)
        free.put(tree)

    with ThreadPoolExecutor(len(trees)) as pool:
        list(pool.map(finish, sorted(sessions, key=num_pending, reverse=True)))


def equivalents() -> list[Equivalent]:
    listed = tomllib.loads(EQUIVALENTS.read_text()).get("equivalent", [])
    return [Equivalent(**(one | {"after": after})) for one in listed for after in one["after"]]


def circumstances(num_tests: int) -> Circumstances:
    command = ["git", "rev-parse", "--short=12", "HEAD"]
    commit = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return Circumstances(
        version=version("cosmic-ray"),
        timeout_s=TIMEOUT_S,
        commit=commit.stdout.strip(),
        finished_at=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        num_tests=num_tests,
    )


if __name__ == "__main__":
    sys.exit(main())
