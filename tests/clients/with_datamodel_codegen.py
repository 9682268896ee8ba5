"""The main job with httpx and the models that datamodel-codegen generated.

python with_datamodel_codegen.py ADDRESS KEY
"""

import json
import sys

import httpx
from clinic_models import Diagnosis, JobSpec, Run

address, key = sys.argv[1:]
headers = {"Authorization": f"Bearer {key}"}
spec = JobSpec.model_validate(json.load(sys.stdin))
with httpx.Client(base_url=address, headers=headers, timeout=90) as client:
    body = spec.model_dump(mode="json", exclude_unset=True)
    posted = Run.model_validate_json(client.post("/v1/runs", json=body).raise_for_status().text)
    ended = posted
    while ended.ended_at is None:
        answer = client.get(f"/v1/runs/{posted.id}?until=ended&wait_s=60").raise_for_status()
        ended = Run.model_validate_json(answer.text)
    answer = client.get(f"/v1/runs/{posted.id}/diagnosis").raise_for_status()
    diagnosis = Diagnosis.model_validate_json(answer.text)
optimizer = ended.spec.optimizer
found = {
    "status": ended.status.value,
    "optimizer": type(getattr(optimizer, "root", optimizer)).__name__,
    "final": diagnosis.final,
    "verdict": diagnosis.verdict.value,
}
sys.stdout.write(json.dumps(found))
