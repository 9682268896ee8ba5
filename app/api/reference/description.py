"""What the document says before its operations: an introduction, and the groups in order."""

from app.api.reference.rule_codes import RULE_CODES

DESCRIPTION = f"""
Trains recurrent networks and diagnoses, with evidence, whether the gradient reaches as far back in
time as the task needs, why it does not, and what to change.

**A first run**, with the admin key in `$KEY`:

```
curl -s localhost:8000/v1/runs \\
  -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
  -d '{{"model": {{"kind": "elman"}}, "dataset": {{"kind": "adding", "length": 200}}}}'
curl -s "localhost:8000/v1/runs/$ID?until=ended&wait_s=60" -H "Authorization: Bearer $KEY"
curl -s localhost:8000/v1/runs/$ID/diagnosis -H "Authorization: Bearer $KEY"
```

Errors are `application/problem+json` (RFC 9457). `errors[].pointer` is the place in the body. These
codes belong to rules that no schema can state, since they concern several fields or stored data
(`info.x-rule-codes` in the document): `{"`, `".join(RULE_CODES)}`.

Numbers that are not finite are `null`. Lists come in pages: follow `next`. With an
`Idempotency-Key` a POST that creates can be repeated for 24 hours and creates once. To poll, send
the last `ETag` as `If-None-Match`.
"""

TAGS = [
    {"name": "runs", "description": "Trainings of networks, and their results."},
    {
        "name": "preflight",
        "description": "What the first steps of a run would show.",
    },
    {"name": "telemetry", "description": "What a run measured, and its diagnosis."},
    {
        "name": "trials",
        "description": "Remedies of a run, trained beside the untreated run.",
    },
    {"name": "datasets", "description": "Uploaded series, tables and texts."},
    {"name": "access", "description": "API keys and workspaces (scope `admin`)."},
    {
        "name": "operators",
        "description": "All workspaces, for admins of the first one (scope `admin`).",
    },
    {"name": "service", "description": "Health, metrics, workers, the catalogue."},
]
