#!/usr/bin/env bash
# Measures the trainer on a machine with an NVIDIA GPU and PyTorch, without internet or PostgreSQL,
# in under six minutes, and writes docs/gpu.json and docs/gpu.md:
#
#   bash bench/gpu/collect.sh        # once, where there is a package registry
#   bash bench/gpu/run.sh            # --help lists the options; PYTHON names an interpreter
#
# What is missing of the libraries comes from bench/gpu/wheels and goes into a temporary folder.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
python=${PYTHON:-python3}
wheels=$root/bench/gpu/wheels
export PYTHONPATH=$root
export PYTHONDONTWRITEBYTECODE=1

needed='import platformdirs, psycopg, pydantic_settings, sqlalchemy, torch'
if ! "$python" -c "$needed" 2>/dev/null; then
    if ! compgen -G "$wheels/*.whl" >/dev/null; then
        echo "Libraries are missing, and $wheels has none:" >&2
        "$python" -c "$needed" 2>&1 | tail -1 >&2
        echo "Run bench/gpu/collect.sh where there is a package registry, then copy that folder." >&2
        exit 2
    fi
    site=$(mktemp -d)
    trap 'rm -rf "$site"' EXIT
    "$python" -m pip install --quiet --no-index --no-deps --no-compile --no-cache-dir \
        --root-user-action=ignore --target "$site" "$wheels"/*.whl
    export PYTHONPATH=$root:$site
fi

# the forkserver has these as well: NumPy's threads would start at import, and a fork copies only one
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 PYTHONUNBUFFERED=1
cd "$root"
"$python" -m bench.gpu.run "$@"
