"""The rules of other tools over the same telemetry, one module a tool."""

from bench.diagnosis.comparators import (
    autotrainer,
    bttackler,
    deepchecker,
    deepdiagnosis,
    norm_rule,
    sagemaker,
    umlaut,
)
from bench.diagnosis.comparators.comparator import Comparator

COMPARATORS: tuple[Comparator, ...] = (
    sagemaker.COMPARATOR,
    autotrainer.COMPARATOR,
    deepdiagnosis.LOCALIZE,
    deepdiagnosis.DIAGNOSE,
    umlaut.COMPARATOR,
    deepchecker.COMPARATOR,
    bttackler.COMPARATOR,
    norm_rule.COMPARATOR,
)
