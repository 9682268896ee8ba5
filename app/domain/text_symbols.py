"""The characters of a text that a network can learn: those of its training part.

Shapes: N characters, V symbols.
"""

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import InvalidData

#: Symbols of a network's input, with the one for unknown characters: inputs are one-hot.
MAX_SYMBOLS = 2048


def code_points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le"), dtype="<u4")


def known_symbols(training_N: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Returns (V,) the distinct characters, ascending. Raises InvalidData if there are too many."""
    known_V = np.unique(training_N)
    if len(known_V) >= MAX_SYMBOLS:
        detail = f"the training part has {len(known_V)} different characters; "
        detail += f"at most {MAX_SYMBOLS - 1} can be learned"
        raise InvalidData(detail)
    return known_V
