"""The server as its operators run it."""

from tests.api.conftest import installation

__all__ = ["installation"]
