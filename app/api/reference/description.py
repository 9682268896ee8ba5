"""What the document says before its operations: an introduction, and the groups in order."""

from app.api.reference.rule_codes import RULE_CODES

DESCRIPTION = f"""
Trains recurrent networks and diagnoses, with evidence, whether the gradient reaches as far back in
time as the task needs, why it does not, and what to change.

## A first run

`$KEY` is an API key, and `$ID` the `id` in the first answer.

```
curl -s localhost:8000/v1/runs \\
  -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
  -d '{{"model": {{"kind": "elman"}}, "dataset": {{"kind": "adding", "length": 200}}}}'
curl -s "localhost:8000/v1/runs/$ID?until=ended&wait_s=60" -H "Authorization: Bearer $KEY"
curl -s localhost:8000/v1/runs/$ID/diagnosis -H "Authorization: Bearer $KEY"
```

## What holds for every operation

- Errors are `application/problem+json` (RFC 9457). `errors[].pointer` is the place in the body.
- A number that is not finite is `null`.
- A list comes in pages. `next` is the address of the next page, or null on the last one.
- A POST that creates can be sent again within 24 hours with the same `Idempotency-Key`. It creates
  once.
- To poll, send the last `ETag` as `If-None-Match`. The answer is 304 while nothing has changed.

<details><summary>Codes of rules that no schema can state, since they concern several fields or
stored data (<code>info.x-rule-codes</code>)</summary>

`{"`, `".join(RULE_CODES)}`

</details>
"""

#: In the order in which somebody meets them: order a run, understand it, act on it; then the rest.
TAGS = [
    {"name": "runs", "description": "Order trainings, watch them, and go on from them."},
    {"name": "diagnosis", "description": "What is wrong with a run, why, and what to change."},
    {"name": "trials", "description": "Remedies, tried beside the untreated run."},
    {"name": "telemetry", "description": "What a run measured: curves, gradient flow, events."},
    {"name": "pictures", "description": "The same as pictures and as one file for people."},
    {"name": "preflight", "description": "What the first steps of a run would show."},
    {"name": "predictions", "description": "What the weights of a run say of new rows."},
    {"name": "files", "description": "What a run leaves: weights, checkpoints, `predict.py`."},
    {"name": "datasets", "description": "Uploaded series, tables and texts."},
    {"name": "catalogue", "description": "Every kind, quantity, finding, cause and remedy."},
    {"name": "workers", "description": "Who trains, on which devices."},
    {"name": "access", "description": "API keys, workspaces and the audit log (scope `admin`)."},
    {
        "name": "operators",
        "description": "All workspaces, for admins of the first one (scope `admin`).",
    },
    {"name": "service", "description": "Health and metrics."},
]
