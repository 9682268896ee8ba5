"""Torch's randomness as a pure function of (seed, purpose, step), on a device."""

import torch

from app.domain.seeding import digest


def torch_generator(*parts: int | str, device: torch.device) -> torch.Generator:
    """Returns torch's generator for a purpose, on a device.

    Equal parts give equal random numbers on devices of the same kind only.
    """
    return torch.Generator(device).manual_seed(digest(*parts) & (2**63 - 1))
