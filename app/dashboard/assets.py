"""The files that pages load: styles, scripts and the chart library, from this server alone."""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType

from fastapi import APIRouter
from starlette.responses import Response

from app.api.protocol.root_path import at
from app.domain.errors import NotFound

router = APIRouter(include_in_schema=False)

_FOLDER = files("app.dashboard") / "static"
_MEDIA_TYPES = MappingProxyType(
    {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".txt": "text/plain"}
)
#: The address names the content, so a browser may keep a file as long as it likes.
_FOREVER = "public, max-age=31536000, immutable"


@cache
def _all_files() -> Mapping[str, tuple[bytes, str]]:
    """Returns path -> content and media type of every file that may be served."""
    return MappingProxyType(dict(_files_of(_FOLDER, "")))


def _files_of(folder: Traversable, prefix: str) -> list[tuple[str, tuple[bytes, str]]]:
    found: list[tuple[str, tuple[bytes, str]]] = []
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        suffix = "." + entry.name.rpartition(".")[2]
        if entry.is_dir():
            found += _files_of(entry, f"{prefix}{entry.name}/")
        elif suffix in _MEDIA_TYPES:
            found.append((prefix + entry.name, (entry.read_bytes(), _MEDIA_TYPES[suffix])))
    return found


@cache
def version_of_assets() -> str:
    """Returns a digest of all files, which is a part of their addresses."""
    digest = hashlib.sha256()
    for name, (content, _) in _all_files().items():
        digest.update(name.encode())
        digest.update(content)
    return digest.hexdigest()[:12]


def asset_url(name: str) -> str:
    """Returns the address of a file by its path in `static/`."""
    return at(f"/assets/{version_of_assets()}/{name}")


@router.get("/favicon.ico")
def get_icon() -> Response:
    """What a browser asks for beside a picture or a file, which names no icon."""
    return get_asset(version_of_assets(), "icon.svg")


@router.get("/assets/{version}/{name:path}")
def get_asset(version: str, name: str) -> Response:
    """A file. Under the digest of another release it is served too, and not kept."""
    if name not in _all_files():
        raise NotFound
    content, media_type = _all_files()[name]
    is_present = version == version_of_assets()
    headers = {"Cache-Control": _FOREVER if is_present else "no-cache"}
    return Response(content, media_type=media_type, headers=headers)
