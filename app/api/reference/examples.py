"""Examples of bodies for the docs page. A test posts each of them."""

from fastapi.openapi.models import Example

RUN_EXAMPLES: dict[str, Example] = {
    "vanishing": {
        "summary": "An Elman network that must remember 200 timesteps",
        "value": {
            "name": "elman remembers 200 steps",
            "tags": ["example"],
            "model": {"kind": "elman", "hidden_size": 64},
            "clipping": {"kind": "norm", "max_norm": 1.0},
            "dataset": {"kind": "adding", "length": 200},
            "training": {"num_steps": 1000},
        },
    },
    "exploding": {
        "summary": "The same without clipping and with a recurrent matrix that amplifies",
        "value": {
            "model": {"kind": "elman", "hidden_size": 64},
            "init": {"recurrent": {"kind": "spectral_radius", "radius": 3.0}},
            "clipping": {"kind": "none"},
            "dataset": {"kind": "adding", "length": 200},
            "training": {"num_steps": 500},
        },
    },
    "lstm": {
        "summary": "An LSTM on the copy task, with all important settings",
        "value": {
            "name": "lstm copies over 50 blanks",
            "model": {"kind": "lstm", "hidden_size": 64, "num_layers": 1},
            "init": {"recurrent": {"kind": "orthogonal"}, "forget_bias": 1.0},
            "optimizer": {
                "kind": "adam",
                "learning_rate": 0.001,
                "schedule": {"kind": "cosine", "warmup_steps": 100},
            },
            "dataset": {"kind": "copy_memory", "length": 50, "seed": 0},
            "training": {"num_steps": 2000, "batch_size": 32, "seed": 0, "evaluate_every": 200},
            "probes": {"budget": 0.05},
        },
    },
    "watched": {
        "summary": "A run that stops at a critical finding, and whose remedies are then tried",
        "value": {
            "model": {"kind": "elman", "hidden_size": 64},
            "dataset": {"kind": "adding", "length": 200},
            "training": {"num_steps": 5000, "on_finding": {"critical": "trial"}},
        },
    },
}

COMPARISON_EXAMPLES: dict[str, Example] = {
    "cells": {
        "summary": "What gates or another recurrent matrix would change",
        "value": {
            "spec": {
                "model": {"kind": "elman", "hidden_size": 32},
                "dataset": {"kind": "adding", "length": 100},
            },
            "patches": [
                {"model": {"kind": "lstm", "hidden_size": 32}},
                {"init": {"recurrent": {"kind": "spectral_radius", "radius": 1.2}}},
            ],
        },
    }
}

RESUME_EXAMPLES: dict[str, Example] = {
    "more": {"summary": "Train for longer", "value": {"num_steps": 20000}},
    "again": {"summary": "Continue with the remaining steps", "value": {}},
}

FORK_EXAMPLES: dict[str, Example] = {
    "calmer": {
        "summary": "From the last checkpoint, with a tenth of the learning rate",
        "value": {
            "patch": {
                "optimizer": {"learning_rate": 0.0001},
                "clipping": {"kind": "norm", "max_norm": 0.5},
            }
        },
    }
}

TRIAL_EXAMPLES: dict[str, Example] = {
    "usual": {"summary": "The first three remedies that are advised", "value": {}},
    "thorough": {
        "summary": "Five seeds, and ten times the time of the run",
        "value": {"num_seeds": 5, "budget": 10},
    },
    "every": {
        "summary": "A verdict on every remedy, also after one has cured",
        "value": {"until": "decided", "budget": 10},
    },
}

LABEL_EXAMPLES: dict[str, Example] = {
    "rename": {"summary": "Rename and tag", "value": {"name": "baseline", "tags": ["paper"]}},
    "clear": {"summary": "Empty the notes", "value": {"notes": None}},
}

KEY_EXAMPLES: dict[str, Example] = {
    "dashboard": {
        "summary": "A key that can only read",
        "value": {"name": "dashboard", "scopes": ["runs:read", "datasets:read"]},
    }
}

WORKSPACE_EXAMPLES: dict[str, Example] = {
    "team": {"summary": "A workspace for a team", "value": {"name": "speech team"}},
    "limited": {
        "summary": "A workspace with its own quotas",
        "value": {"name": "students", "quotas": {"max_running_runs": 2, "max_queued_runs": 20}},
    },
}

WORKSPACE_CHANGE_EXAMPLES: dict[str, Example] = {
    "more": {
        "summary": "More storage, and the installation's number of queued runs",
        "value": {"quotas": {"max_storage_bytes": 500_000_000_000, "max_queued_runs": None}},
    }
}
