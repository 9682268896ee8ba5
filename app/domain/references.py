"""The key under which the reference of a data set spec is stored."""

import hashlib

from app.domain.specs.dataset.base import Dataset

#: Raised by every change of the reference models that can change a score.
REFERENCE_VERSION = "1"


def reference_key(spec: Dataset) -> str:
    """Returns a hash of the completed spec, which names the upload.

    An upload never changes. The declared lag is left out, because no reference model reads it.
    """
    text = f"{REFERENCE_VERSION} {spec.model_dump_json(exclude={'dependency_lag'})}"
    return hashlib.sha256(text.encode()).hexdigest()
