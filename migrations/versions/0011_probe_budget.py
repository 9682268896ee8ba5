"""A probe budget of 0.05 was the default and meant the tier's own; null says that from now on.

Job specs are stored complete, so the default stands in every spec of an older release and cannot be
told from a 0.05 that a client asked for from now on. Both places that hold whole specs are changed:
runs, and the remedies of their diagnoses, which clients post. No spec changes its meaning. An older
release reads null as the default too, so that nothing has to be undone on the way down.

An API of an older release that still runs afterwards stores 0.05 again: stop it before.
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
    """Nothing: an older release takes null for the default."""
