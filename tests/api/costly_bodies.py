"""Bodies of up to 1 MiB that could cost much time or memory."""

import json
from collections.abc import Iterator

from tests.api.conftest import spec

SIZE = 2**20
#: Each place of a job spec with a collection, an object, a text or a number.
PLACES = (
    "tags",
    "name",
    "notes",
    "priority",
    "model",
    "model/kind",
    "model/hidden_size",
    "init",
    "init/recurrent",
    "optimizer",
    "optimizer/learning_rate",
    "dataset/features",
    "dataset/dependency_lag",
    "training/device",
    "probes",
    "probes/quantities",
    "unknown",
)


def _filled(pattern: str, *, most: int = SIZE) -> str:
    """The pattern, repeated in an array of `most` bytes."""
    return "[" + ",".join([pattern] * (most // (len(pattern) + 1) - 1)) + "]"


def _values() -> Iterator[tuple[str, str]]:
    room = SIZE - 2000
    few = 9_000
    yield "many empty objects", _filled("{}", most=room)
    yield "as many empty objects as allowed", _filled("{}", most=3 * few // 2)
    yield "many wrong kinds", _filled('{"kind":"x"}', most=few * 6)
    yield "many short strings", _filled('""', most=room)
    yield "as many numbers as allowed", _filled("0", most=2 * few)
    yield "many not finite", _filled("NaN", most=4 * few)
    yield "long integers", _filled("1" * 4300, most=room)
    yield "as many digits as allowed", _filled("1" * 100, most=900_000)
    yield "decimals of as many digits", _filled("0." + "1" * 99, most=900_000)
    yield "one long number", "1" * (room - 2) + ".0"
    yield "one long string", json.dumps("x" * room)
    yield "one string of escapes", '"' + "\\n" * (room // 2) + '"'
    yield "one string of surrogates", '"' + "\\ud800" * (room // 6) + '"'
    yield "one string of wide characters", json.dumps("é" * (room // 2), ensure_ascii=False)
    yield "a deep nest", "[" * (room // 2) + "]" * (room // 2)
    yield "a long name over many values", f'{{"{"k" * 900_000}":{_filled("0", most=18_000)}}}'
    yield "one name again and again", "{" + ",".join(['"kind":"x"'] * few) + "}"
    names = ",".join(f'"{index}":0' for index in range(few))
    yield "many unknown names", "{" + names + "}"


def costly_bodies() -> Iterator[tuple[str, str, bytes]]:
    """Each with the path to which it is sent and what it is."""
    for place in PLACES:
        *parents, last = place.split("/")
        for name, value in _values():
            document = spec(dataset={"kind": "sequences"} if "features" in place else {})
            inner: dict[str, object] = document
            for parent in parents:
                part = inner.setdefault(parent, {})
                assert isinstance(part, dict)
                inner = part
            inner[last] = "@@"
            text = json.dumps(document).replace('"@@"', value).encode()
            yield "/v1/runs?dry_run=true", f"{name} in {place}", text[:SIZE]
    for name, value in _values():
        patches = f'{{"spec": {json.dumps(spec())}, "patches": {value}}}'
        yield "/v1/preflight/compare", f"{name} as patches", patches.encode()[:SIZE]
        patch = f'{{"spec": {json.dumps(spec())}, "patches": [{{"probes": {value}}}]}}'
        yield "/v1/preflight/compare", f"{name} in a patch", patch.encode()[:SIZE]
