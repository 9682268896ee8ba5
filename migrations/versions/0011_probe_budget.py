"""Replaces the former default probe budget of 0.05, which meant that of the tier, by null.

Specs are stored with their defaults, so every spec of an older release has a budget of 0.05, which
must not be confused with a 0.05 that a client requests from now on. Both places that hold complete
specs are changed: runs, and the remedies of their diagnoses, which clients post. No spec changes
its meaning. An older release also reads null as the default, so a downgrade changes nothing.

Stop every API of an older release before: it would store 0.05 again.
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

RUNS = """
UPDATE runs SET spec = jsonb_set(spec, '{probes,budget}', 'null')
WHERE spec #> '{probes,budget}' = '0.05'
"""
REMEDIES = """
UPDATE findings SET remedies = (
    SELECT jsonb_agg(
        CASE WHEN remedy #> '{body,probes,budget}' = '0.05'
            THEN jsonb_set(remedy, '{body,probes,budget}', 'null')
            ELSE remedy
        END
        ORDER BY place
    )
    FROM jsonb_array_elements(remedies) WITH ORDINALITY AS each_one(remedy, place)
)
WHERE jsonb_path_exists(remedies, '$[*].body.probes.budget ? (@ == 0.05)')
"""


def upgrade() -> None:
    op.execute(RUNS)
    op.execute(REMEDIES)


def downgrade() -> None:
    """Changes nothing: an older release also reads null as the default."""
