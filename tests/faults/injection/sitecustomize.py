"""Python runs this at its start when this folder is on its path; only the fault suite sees to that.

So faults are injected in the service's own processes, and the service has no code for tests.
"""

import os
import sys

from tests.faults.injecting import inject

inject(sys.orig_argv, os.environ)
