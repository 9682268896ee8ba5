"""All detectors, one module each. They do not import each other."""

from typing import Any

from app.domain.diagnosis.detector import DetectorCard
from app.domain.diagnosis.detectors import (
    clipping_masks_explosion,
    exploding_gradient,
    no_better_than_baseline,
    non_finite,
    vanishing_gradient,
)

#: In the order of a diagnosis' findings. Any, because each has its own class of thresholds.
DETECTORS: tuple[DetectorCard[Any], ...] = (
    non_finite.CARD,
    exploding_gradient.CARD,
    clipping_masks_explosion.CARD,
    vanishing_gradient.CARD,
    no_better_than_baseline.CARD,
)
