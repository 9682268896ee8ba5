"""The main job by a client that openapi-python-client generated.

python with_openapi_python_client.py ADDRESS KEY
"""

import json
import sys

from gradient_clinic_client import AuthenticatedClient
from gradient_clinic_client.api.diagnosis import get_diagnosis
from gradient_clinic_client.api.runs import create_run, get_run
from gradient_clinic_client.models import Diagnosis, JobSpec, Run, RunDetail

address, key = sys.argv[1:]
client = AuthenticatedClient(
    base_url=address, token=key, raise_on_unexpected_status=True, timeout=90
)
spec = JobSpec.from_dict(json.load(sys.stdin))
posted = create_run.sync(client=client, body=spec)
assert isinstance(posted, Run)
ended = get_run.sync(posted.id, client=client, until="ended", wait_s=60)
while isinstance(ended, RunDetail) and ended.ended_at is None:
    ended = get_run.sync(posted.id, client=client, until="ended", wait_s=60)
assert isinstance(ended, RunDetail)
diagnosis = get_diagnosis.sync(posted.id, client=client)
assert isinstance(diagnosis, Diagnosis)
found = {
    "status": ended.status.value,
    "optimizer": type(ended.spec.optimizer).__name__,
    "final": diagnosis.final,
    "verdict": diagnosis.verdict.value,
}
sys.stdout.write(json.dumps(found))
