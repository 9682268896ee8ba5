"""Receives an upload into a temporary file, so that it takes no memory of the process.

The file has no name: it disappears with its last descriptor, also when the process is killed.
"""

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated, BinaryIO

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from app.api.data.forms import GivenOptions, UploadForm, parse_options
from app.api.protocol.deps import DatasetsWriter, ProcessResources
from app.api.protocol.idempotency import IdempotentAnswer, idempotent_by
from app.domain.errors import Unavailable
from app.store.datasets import Content

#: Bytes that are collected before they are written, in a thread.
BLOCK_BYTES = 2**20
FORM = "multipart/form-data"


@dataclass(frozen=True, kw_only=True)
class Received:
    """An upload that has arrived."""

    content: Content
    #: An empty file for the form in which it is stored.
    stored: BinaryIO
    #: SHA-256 of query, file and options.
    fingerprint: bytes
    #: Options of the reader that came in a form.
    given: GivenOptions | None


async def _received(
    request: Request, caller: DatasetsWriter, resources: ProcessResources
) -> AsyncIterator[Received]:
    """Returns the file, which is the whole body or a part of a form.

    Raises Overloaded before anything is read when too many uploads are under way.
    """
    content_type = request.headers.get("content-type", "").strip()
    kind = content_type.partition(";")[0].strip().lower()
    if kind.startswith("multipart/") and kind != FORM:
        detail = f"Send the bytes of the file as the body, or as the part `file` of {FORM}."
        raise HTTPException(415, detail=detail)
    with (
        resources.upload_places.place(caller.workspace_id),
        _temporary_file(resources.settings.home) as file,
        _temporary_file(resources.settings.home) as stored,
    ):
        arriving = _Arriving(file)
        if kind != FORM:
            await _pass_on(request, arriving.write)
            yield arriving.received(request, stored, options=None)
            return
        form = UploadForm(content_type, write_file=arriving.write)
        await _pass_on(request, form.write)
        options = form.finish()
        yield arriving.received(request, stored, options=options)


async def _pass_on(request: Request, write: Callable[[bytes], None]) -> None:
    """Writes the body in blocks, in a thread."""
    block = bytearray()
    async for chunk in request.stream():
        block += chunk
        if len(block) >= BLOCK_BYTES:
            await run_in_threadpool(write, bytes(block))
            block.clear()
    await run_in_threadpool(write, bytes(block))


class _Arriving:
    """The bytes of a file that have arrived."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._num_bytes = 0
        self._digest = hashlib.sha256()

    def write(self, block: bytes) -> None:
        self._digest.update(block)
        self._num_bytes += len(block)
        with _as_unavailable():
            self._file.write(block)
            self._file.flush()

    def received(self, request: Request, stored: BinaryIO, *, options: bytes | None) -> Received:
        """Raises InvalidInput where the options of a form are not valid."""
        digest = self._digest.digest()
        # not of the body: each copy of a form has another boundary
        asked = hashlib.sha256(request.url.query.encode() + b"\n" + (options or b""))
        return Received(
            content=Content(file=self._file, num_bytes=self._num_bytes, sha256=digest),
            stored=stored,
            fingerprint=hashlib.sha256(asked.digest() + digest).digest(),
            given=parse_options(options) if options else None,
        )


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
