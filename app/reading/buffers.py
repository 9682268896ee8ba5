"""Looks at the bytes of all texts of a chunk at once, which is faster than one text at a time.

Legend: n texts of a chunk.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

#: Bytes with which ASCII whitespace is written, and those from which other characters are made.
_MAY_BE_SPACE = np.array(
    [byte >= 0x80 or chr(byte).isspace() for byte in range(256)],  # noqa: PLR2004 - end of ASCII
    dtype=np.bool_,
)


def ends_of(texts: pa.StringArray) -> NDArray[np.int32]:
    """(n + 1,) bytes of the buffer at which the texts begin; the last one is the end."""
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int32)
    return offsets[texts.offset : texts.offset + len(texts) + 1]


def content_of(texts: pa.StringArray) -> NDArray[np.uint8]:
    """Returns the bytes of all texts end to end; they may include some of missing texts."""
    content = texts.buffers()[2]
    if content is None or not len(texts):
        return np.empty(0, dtype=np.uint8)
    ends_n = ends_of(texts)
    return np.frombuffer(content, dtype=np.uint8)[ends_n[0] : ends_n[-1]]


def bytes_in(chunks: tuple[pa.StringArray, ...]) -> bytes:
    """Returns the distinct bytes that occur in texts, ascending."""
    occurs = np.zeros(256, dtype=np.bool_)
    for chunk in chunks:
        occurs[content_of(chunk)] = True
    return bytes(np.flatnonzero(occurs).tolist())


def may_be_padded(texts: pa.StringArray) -> bool:
    """Whether a text may begin or end with whitespace. False is certain."""
    content = texts.buffers()[2]
    if content is None or not len(texts):
        return False
    ends_n = ends_of(texts)
    filled_n = ends_n[1:] > ends_n[:-1]
    bytes_n = np.frombuffer(content, dtype=np.uint8)
    return bool(
        _MAY_BE_SPACE[bytes_n[ends_n[:-1][filled_n]]].any()
        or _MAY_BE_SPACE[bytes_n[ends_n[1:][filled_n] - 1]].any()
    )


def with_byte(texts: pa.StringArray, old: bytes, new: bytes) -> pa.StringArray:
    """Returns the texts with one character of ASCII in place of another."""
    valid, ends, content = texts.buffers()
    if content is None:
        return texts
    changed = np.frombuffer(content, dtype=np.uint8).copy()
    changed[changed == ord(old)] = ord(new)
    return pa.StringArray.from_buffers(
        len(texts), ends, pa.py_buffer(changed), valid, texts.null_count, texts.offset
    )


def cut(texts: pa.StringArray, lengths_n: NDArray[np.int32]) -> pa.StringArray:
    """Cuts each text in two after so many bytes: (2n,) first and second halves by turns.

    The bytes are shared with the given texts, none of which may be missing.
    """
    ends_n = ends_of(texts)
    cuts = np.empty(2 * len(texts) + 1, dtype=np.int32)
    cuts[0::2] = ends_n
    cuts[1::2] = ends_n[:-1] + lengths_n
    return pa.StringArray.from_buffers(2 * len(texts), pa.py_buffer(cuts), texts.buffers()[2])
