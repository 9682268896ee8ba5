#!/usr/bin/env bash
# Collects what run.sh needs beside PyTorch into bench/gpu/wheels, which git ignores: wheels for
# CPython 3.12 on x86-64 Linux, in the versions of requirements/worker.lock.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
python=${PYTHON:-python3}
wheels=$root/bench/gpu/wheels

# what bench.gpu imports; NumPy, safetensors, scikit-learn and pytest come with such machines
names=(
    annotated-types platformdirs psycopg psycopg-binary pydantic pydantic-core pydantic-settings
    python-dotenv sqlalchemy typing-extensions typing-inspection
)
pinned=()
for name in "${names[@]}"; do
    pinned+=("$(grep -m1 -oE "^$name==[^ ;]+" "$root/requirements/worker.lock")")
done

platforms=()
for version in 2_39 2_34 2_31 2_28 2_27 2_26 2_24 2_17 2_12 2_5; do
    platforms+=(--platform "manylinux_${version}_x86_64")
done
platforms+=(--platform manylinux2014_x86_64 --platform manylinux1_x86_64)

rm -rf "$wheels"
mkdir -p "$wheels"
"$python" -m pip download --quiet --no-deps --only-binary=:all: --python-version 3.12 \
    --implementation cp "${platforms[@]}" --dest "$wheels" "${pinned[@]}"
du -sh "$wheels"
