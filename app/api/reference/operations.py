"""What the document says of an operation besides what its route says."""

from typing import Any

#: Of parameters in the path, which routes declare by their type alone.
_IN_PATH = {
    "chart": "What is drawn.",
    "dataset_id": "Id of the data set.",
    "form": "`svg`: scales without loss. `png`: for where no SVG can be shown.",
    "key_id": "Id of the key.",
    "name": "Name of the file, as in the list of files.",
    "prediction_id": "Id of the predictions.",
    "preflight_id": "Id of the preflight.",
    "run_id": "Id of the run.",
    "trial_id": "Id of the trial.",
    "worker_id": "Id of the worker.",
    "workspace_id": "Id of the workspace.",
}


def complete(operation: dict[str, Any]) -> None:
    """Change the operation in place."""
    _name_scopes(operation)
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path" and parameter["name"] in _IN_PATH:
            parameter.setdefault("description", _IN_PATH[parameter["name"]])


def _name_scopes(operation: dict[str, Any]) -> None:
    """Write the scopes that a key needs above the description, where a reader looks."""
    needed = [scope for way in operation.get("security", ()) for scope in way.get("ApiKey", ())]
    if "security" not in operation:
        words = "Open: needs no key."
    elif needed:
        words = f"Scope: `{'`, `'.join(needed)}`."
    else:
        words = "Needs a key, of any scope."
    operation["description"] = "\n\n".join(filter(None, [words, operation.get("description")]))
