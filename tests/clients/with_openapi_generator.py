"""The main job by a client that openapi-generator generated.

python with_openapi_generator.py ADDRESS KEY
"""

import json
import sys

from gradient_clinic import ApiClient, Configuration, DiagnosisApi, JobSpec, RunsApi

address, key = sys.argv[1:]
with ApiClient(Configuration(host=address, access_token=key)) as client:
    runs = RunsApi(client)
    posted = runs.create_run(JobSpec.from_dict(json.load(sys.stdin)))
    ended = posted
    while ended.ended_at is None:
        ended = runs.get_run(posted.id, until="ended", wait_s=60)
    diagnosis = DiagnosisApi(client).get_diagnosis(posted.id)
found = {
    "status": ended.status.value,
    "optimizer": type(ended.spec.optimizer.actual_instance).__name__,
    "final": diagnosis.final,
    "verdict": diagnosis.verdict.value,
}
sys.stdout.write(json.dumps(found))
