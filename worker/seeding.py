"""Randomness as a pure function of (seed, purpose, step): there is no generator state to save."""

import hashlib

import numpy as np
import torch


def digest(*parts: int | str) -> int:
    """128 bits that depend on each part and on their order."""
    text = "\x1f".join(f"{type(part).__name__}:{part}" for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "little")


def numpy_generator(*parts: int | str) -> np.random.Generator:
    """For example `numpy_generator(seed, "order", epoch)`."""
    return np.random.Generator(np.random.Philox(key=digest(*parts)))


def torch_generator(*parts: int | str, device: torch.device) -> torch.Generator:
    """The same on a device; its bits depend on the kind of device."""
    return torch.Generator(device).manual_seed(digest(*parts) & (2**63 - 1))
