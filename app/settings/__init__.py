"""What the environment says, read once at the start of a process and passed down, frozen.

A field `slots` is the variable `CLINIC_SLOTS`. `Settings` is for the API and the workers, which
cannot run without a database, a broker and a secret. `Serving` is for `clinic serve`, which can
start the servers and make the secret itself.

values    types of settings
base      the home, how settings are read, and the settings of key commands
http      how the API answers: addresses, limits of requests, connections, sizes
training  how workers train and how a lost worker is noticed
limits    quotas, time limits and retention
process   all settings of an API or worker process
serving   what `clinic serve` starts
"""

from app.settings.base import AccountSettings, HomeSettings
from app.settings.process import Settings
from app.settings.serving import Serving
from app.settings.values import count_cores, database_dialect

__all__ = [
    "AccountSettings",
    "HomeSettings",
    "Serving",
    "Settings",
    "count_cores",
    "database_dialect",
]
