"""Run predict.py of some folders as a stranger would: with torch and safetensors, and no more.

Arguments are commands, each a JSON list: a folder, then the program's own arguments. The answer is
one JSON list of [exit code, output, errors].
"""

import contextlib
import io
import json
import runpy
import sys
from pathlib import Path

#: What pip brings along with the two.
ALLOWED = {
    *("torch", "torchgen", "functorch", "safetensors"),
    *("filelock", "fsspec", "jinja2", "markupsafe", "mpmath", "networkx", "setuptools", "sympy"),
    "typing_extensions",
}


class Refusal:
    """Comes before all that finds modules, and has no more than that."""

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        top = name.partition(".")[0]
        # a module of the standard library whose name depends on the machine
        is_of_library = top in sys.stdlib_module_names or top.startswith("_sysconfigdata")
        if top not in ALLOWED and not is_of_library:
            raise ModuleNotFoundError(name=name)


def answer(folder: str, *arguments: str) -> tuple[object, str, str]:
    sys.argv = ["predict.py", *arguments]
    said, complained = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
        try:
            runpy.run_path(str(Path(folder) / "predict.py"), run_name="__main__")
        except SystemExit as end:
            return end.code, said.getvalue(), complained.getvalue()
    return None, said.getvalue(), complained.getvalue()


if __name__ == "__main__":
    sys.meta_path.insert(0, Refusal())
    commands = sys.argv[1:]
    sys.stdout.write(json.dumps([answer(*json.loads(command)) for command in commands]))
