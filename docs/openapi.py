"""Writes the OpenAPI document of the API to a file. It needs no database and no broker."""

import json
import sys
from pathlib import Path

from app.main import create_app
from app.settings import Settings

#: Nothing is opened until the app starts.
SETTINGS = {
    "CLINIC_DATABASE_URL": "postgresql://",
    "CLINIC_BROKER_URL": "redis://",
    "CLINIC_SECRET": "s" * 32,
}


def main() -> None:
    path = Path(sys.argv[1])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(create_app(Settings.read(SETTINGS)).openapi()))


if __name__ == "__main__":
    main()
