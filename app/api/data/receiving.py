"""Receives an upload into a temporary file, so that it takes no memory of the process.

The file has no name: it disappears with its last descriptor, also when the process is killed.
"""

import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated, BinaryIO

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from app.api.protocol.deps import DatasetsWriter, ProcessResources
from app.api.protocol.idempotency import IdempotentAnswer, idempotent_by
from app.domain.errors import Unavailable
from app.store.datasets import Content

#: Bytes that are collected before they are written, in a thread.
BLOCK_BYTES = 2**20


@dataclass(frozen=True, kw_only=True)
class Received:
    """An upload that has arrived."""

    content: Content
    #: An empty file for the form in which it is stored.
    stored: BinaryIO
    #: SHA-256 of query and body.
    fingerprint: bytes


async def _received(
    request: Request, caller: DatasetsWriter, resources: ProcessResources
) -> AsyncIterator[Received]:
    """The whole body. A form is refused, since its bytes are not those of the file.

    Raises Overloaded before anything is read when too many uploads are under way.
    """
    if request.headers.get("content-type", "").startswith("multipart/"):
        detail = "Send the bytes of the file as the body, not as a form: curl --data-binary @file."
        raise HTTPException(415, detail=detail)
    with (
        resources.upload_places.place(caller.workspace_id),
        _temporary_file(resources.settings.home) as file,
        _temporary_file(resources.settings.home) as stored,
    ):
        yield await _receive(request, file, stored)


async def _receive(request: Request, file: BinaryIO, stored: BinaryIO) -> Received:
    body, whole = hashlib.sha256(), hashlib.sha256(request.url.query.encode() + b"\n")

    def write(block: bytes) -> None:
        body.update(block)
        whole.update(block)
        with _as_unavailable():
            file.write(block)
            file.flush()

    num_bytes, block = 0, bytearray()
    async for chunk in request.stream():
        block += chunk
        num_bytes += len(chunk)
        if len(block) >= BLOCK_BYTES:
            await run_in_threadpool(write, bytes(block))
            block.clear()
    await run_in_threadpool(write, bytes(block))
    content = Content(file=file, num_bytes=num_bytes, sha256=body.digest())
    return Received(content=content, stored=stored, fingerprint=whole.digest())


def _temporary_file(folder: Path) -> BinaryIO:
    with _as_unavailable():
        return TemporaryFile(dir=folder)


@contextmanager
def _as_unavailable() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        detail = f"The service cannot receive files at present: {error.strerror}."
        raise Unavailable(detail) from error


#: The file disappears when the answer is made.
ReceivedFile = Annotated[Received, Depends(_received, scope="function")]


async def _fingerprint(received: ReceivedFile) -> bytes:
    return received.fingerprint


IdempotentUpload = Annotated[IdempotentAnswer, idempotent_by(_fingerprint)]
