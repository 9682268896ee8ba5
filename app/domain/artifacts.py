"""Files of a run: their kinds, names and checksums."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType


class ArtifactKind(StrEnum):
    """The purpose of a file."""

    #: The complete state of training, from which a run can continue.
    CHECKPOINT = "checkpoint"
    #: The weights at the end, with the names of a torch module.
    MODEL = "model"
    #: The weights of the best evaluation on validation data.
    BEST = "best"
    #: How to feed the network and what its outputs mean.
    DESCRIPTION = "description"
    #: A program that loads weights and description and predicts.
    PROGRAM = "program"
    #: Inputs, and the outputs that the weights compute from them.
    GOLDEN = "golden"
    #: Machine, libraries and settings on which the bits of the weights depend.
    ENVIRONMENT = "environment"
    #: The log of the training process.
    LOG = "log"


_WEIGHTS = "application/octet-stream"
MEDIA_TYPE_OF: Mapping[ArtifactKind, str] = MappingProxyType(
    {
        ArtifactKind.CHECKPOINT: _WEIGHTS,
        ArtifactKind.MODEL: _WEIGHTS,
        ArtifactKind.BEST: _WEIGHTS,
        ArtifactKind.DESCRIPTION: "application/json",
        ArtifactKind.PROGRAM: "text/x-python; charset=utf-8",
        ArtifactKind.GOLDEN: "application/json",
        ArtifactKind.ENVIRONMENT: "application/json",
        ArtifactKind.LOG: "text/plain; charset=utf-8",
    }
)


@dataclass(frozen=True, kw_only=True)
class PublishedFile:
    """A file that an attempt wrote to the artifact store."""

    #: Public name, for example `model.safetensors`.
    name: str
    kind: ArtifactKind
    #: Name in the artifact store.
    stored_name: str
    num_bytes: int
    #: In hexadecimal.
    sha256: str
    #: Optimizer steps after which its weights were saved; None for a file without weights.
    step: int | None = None


@dataclass(frozen=True, kw_only=True)
class Publication:
    """The files that an attempt published at the run's end."""

    files: tuple[PublishedFile, ...] = ()
    #: One sentence for the client when the files could not be made or written.
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A file of a run that is listed in the database."""

    file: PublishedFile
    #: The attempt that wrote it; 0 for the checkpoint from which a fork started.
    attempt: int
    created_at: datetime


def stored_name(name: str, attempt: int) -> str:
    """Returns the name in the artifact store, which differs between attempts."""
    return f"published-{attempt:04d}-{name}"


def reserved_name(attempt: int) -> str:
    """Returns the name of the file that takes space in the artifact store for an attempt."""
    return f"reserved-{attempt:04d}"


def writer_of(stored: str) -> int | None:
    """Returns the attempt that wrote a file of any kind, finished or not; None for other files."""
    match = re.match(r"(?:published-|reserved-|checkpoint-(?:best-)?\d+-)(\d+)", stored)
    return None if match is None else int(match[1])


def attempt_of(stored: str) -> int | None:
    """Returns the attempt that wrote a published file, finished or not; None for other files."""
    match = re.match(r"published-(\d+)-", stored)
    return None if match is None else int(match[1])
