"""How the API answers: origins and proxies, limits of requests, connections and sizes."""

from pydantic import Field

from app.settings.base import HomeSettings
from app.settings.values import MIB, Count, Networks, Origins, RootPath, Seconds, Texts


class HttpSettings(HomeSettings):
    """The settings of the API's HTTP."""

    root_path: RootPath = ""
    """Path under which a proxy shows the service, for example `/clinic`."""
    cors_origins: Texts = ()
    """Origins whose pages may call the API, separated by commas."""
    embed_origins: Origins = ()
    """Origins whose pages may show `/embed/…` in a frame, separated by commas."""
    trusted_proxies: Networks = ()
    """Addresses or networks whose X-Forwarded-For, -Proto and -Prefix are believed."""
    requests_per_s: float = Field(default=200.0, ge=0.1, le=1e6)
    """Requests per second of one key; as many as in 10 s may come at once."""
    address_requests_per_s: float = Field(default=400.0, ge=0.1, le=1e6)
    """Requests per second from one address."""
    anonymous_requests_per_s: float = Field(default=50.0, ge=0.1, le=1e6)
    """Requests per second from one address without a key that is known to be valid."""
    requests_at_once: int = Field(default=10, ge=1, le=1000)
    """Requests of one key that are worked on at the same time; further ones wait."""
    streams_per_key: int = Field(default=250, ge=1, le=1000)
    """Event streams and requests that wait for the end of a run, of one key."""
    access_log: bool = True
    """Whether the API writes a line for each request into `logs/access.jsonl` in the home."""
    max_connections: int | None = Field(default=None, ge=1, le=1_000_000)
    """Open connections of one API process, at most as many as it has descriptors for."""
    head_timeout_s: Seconds = 10.0
    """Seconds in which the head of a request must arrive."""
    body_timeout_s: Seconds = 20.0
    """Seconds without progress of a body, in either direction, that end a connection."""
    idle_timeout_s: Seconds = 60.0
    """Seconds that a connection is kept between two requests."""
    max_body_bytes: Count = MIB
    """The largest JSON body."""
    max_upload_bytes: Count = 64 * MIB
    """The largest uploaded data set."""
