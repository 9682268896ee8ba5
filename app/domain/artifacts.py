"""Files that a run leaves: what each is for, and how to know that it is whole."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType


class ArtifactKind(StrEnum):
    """What a file is for."""

    #: A moment of training that a run can go on from: weights, optimizer and all.
    CHECKPOINT = "checkpoint"
    #: The weights at the end, under the names of a torch module.
    MODEL = "model"
    #: The weights of the best evaluation on validation data.
    BEST = "best"
    #: How to feed the network and what its outputs mean.
    DESCRIPTION = "description"
    #: A program that loads weights and description and predicts.
    PROGRAM = "program"
    #: Inputs and the outputs that the weights make of them.
    GOLDEN = "golden"
    #: Machine, libraries and settings that the bits depend on.
    ENVIRONMENT = "environment"
    #: What the training process said.
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
    """A file that an attempt has written to the artifact store."""

    #: Under which clients know it, for example `model.safetensors`.
    name: str
    kind: ArtifactKind
    #: Of the file in the artifact store.
    stored_name: str
    num_bytes: int
    #: In hexadecimal.
    sha256: str
    #: Optimizer steps that its weights have seen; None where it holds no weights.
    step: int | None = None


@dataclass(frozen=True, kw_only=True)
class Publication:
    """What an attempt leaves at the run's end."""

    files: tuple[PublishedFile, ...] = ()
    #: One sentence where the artifact store did not take it.
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A file of a run, as the database knows it."""

    file: PublishedFile
    #: That wrote it; 0 for the checkpoint that a fork began with.
    attempt: int
    created_at: datetime


def stored_name(name: str, attempt: int) -> str:
    """Two attempts never write the same file."""
    return f"published-{attempt:04d}-{name}"


def attempt_of(stored: str) -> int | None:
    """That wrote a published file, whole or not; None for other files."""
    match = re.match(r"published-(\d+)-", stored)
    return None if match is None else int(match[1])
