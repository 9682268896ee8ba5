"""Databases of the tests: each has the newest schema from its first moment on, or none."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from uuid import uuid4

from sqlalchemy import Engine, create_engine, event, text

from app.embedded.database import EmbeddedDatabase
from app.migration import migrate


class Databases:
    """Makes as many as are asked for; the migrations run once, and what they made is copied."""

    def __init__(self, server: EmbeddedDatabase) -> None:
        self._server = server
        self._admin: Engine = create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")

    def empty(self) -> str:
        """The address of one without a schema."""
        return self._make("")

    def migrated(self) -> str:
        """The address of one with the schema of the newest migration."""
        return self._make(f"TEMPLATE {self._template}")

    def drop(self, url: str) -> None:
        self._run(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    def close(self) -> None:
        self._admin.dispose()

    @cached_property
    def _template(self) -> str:
        url = self.empty()
        migrate(url)
        return url.rpartition("/")[2]

    def _make(self, how: str) -> str:
        name = f"test_{uuid4().hex}"
        self._run(f"CREATE DATABASE {name} {how}")
        return self._server.url(name)

    def _run(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.execute(text(statement))


@contextmanager
def counted_statements(engine: Engine) -> Iterator[list[str]]:
    """Collects the statements that the engine sends meanwhile."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        found.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)
