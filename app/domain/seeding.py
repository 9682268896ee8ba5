"""Randomness as a pure function of (seed, purpose, step): there is no generator state to save."""

import hashlib

import numpy as np


def digest(*parts: int | str) -> int:
    """Returns 128 bits that depend on each part and on their order."""
    text = "\x1f".join(f"{type(part).__name__}:{part}" for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "little")


def numpy_generator(*parts: int | str) -> np.random.Generator:
    """Returns NumPy's generator for a purpose, for example of ("order", epoch) after the seed.

    Equal parts give equal random numbers on every machine.
    """
    return np.random.Generator(np.random.Philox(key=digest(*parts)))
