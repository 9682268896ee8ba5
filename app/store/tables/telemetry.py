"""Tables of readings, partitioned by range of `run_id`: one partition for each month of runs."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
)

from app.domain.quantities import PER_TENSOR, SCALARS
from app.store.tables.columns import (
    Doubles,
    Integers,
    Reals,
    creation_time,
    json_column,
    metadata,
    run_reference,
    text_column,
)

#: Names of the partitioned tables.
PARTITIONED = (
    "telemetry_chunks",
    "probe_readings",
    "scalar_readings",
    "probe_gaps",
    "position_readings",
    "telemetry_windows",
)

telemetry_chunks = Table(
    "telemetry_chunks",
    metadata,
    run_reference(),
    Column("seq", BigInteger, primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("first_step", Integer, nullable=False),
    Column("last_step", Integer, nullable=False),
    creation_time("recorded_at"),
    Column("steps", Integers, nullable=False),
    *(Column(quantity, Reals) for quantity in SCALARS),
    *(Column(f"tensor_{quantity}", Reals) for quantity in PER_TENSOR),
    #: Quantity -> least and greatest finite value, number of values that are not finite.
    json_column("summary"),
    Index(None, "run_id", "last_step"),
    postgresql_partition_by="RANGE (run_id)",
)

telemetry_windows = Table(
    "telemetry_windows",
    metadata,
    run_reference(),
    #: 0 for 1,024 steps, 1 for 2 ** 15, 2 for 2 ** 20.
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    #: Of the first step, in steps of a window.
    Column("number", Integer, primary_key=True, autoincrement=False),
    #: A column of `telemetry_chunks`.
    Column("quantity", Text, primary_key=True),
    #: Position among the run's tensors; -1 for a quantity of the whole model.
    Column("tensor", Integer, primary_key=True, autoincrement=False),
    #: Of the batch that completed it.
    Column("attempt", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    #: `app.domain.windows.packing` says what the bytes are.
    Column("packed", LargeBinary, nullable=False),
    #: Of the windows of level 0 in it, as `app.domain.windows.overview.OUTLINE`; empty on level 0.
    Column("outlines", LargeBinary, nullable=False),
    postgresql_partition_by="RANGE (run_id)",
)

scalar_readings = Table(
    "scalar_readings",
    metadata,
    run_reference(),
    Column("seq", BigInteger, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    text_column("quantity"),
    text_column("scope"),
    Column("value", Double, nullable=False),
    creation_time("recorded_at"),
    Index(None, "run_id", "quantity", "scope", "step"),
    postgresql_partition_by="RANGE (run_id)",
)

probe_gaps = Table(
    "probe_gaps",
    metadata,
    run_reference(),
    Column("seq", BigInteger, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    text_column("quantity"),
    text_column("scope"),
    text_column("reason"),
    creation_time("recorded_at"),
    postgresql_partition_by="RANGE (run_id)",
)

#: Few and small, and not dropped with old readings: they are results of the run.
score_details = Table(
    "score_details",
    metadata,
    run_reference(),
    Column("seq", BigInteger, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    text_column("split"),
    json_column("details"),
    creation_time("recorded_at"),
)

probe_readings = Table(
    "probe_readings",
    metadata,
    run_reference(),
    Column("seq", BigInteger, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    text_column("scope"),
    Column("layer", Integer, nullable=False),
    text_column("direction"),
    text_column("path"),
    #: Natural logarithm for each lag, -Infinity for an exact zero.
    Column("log_norm", Doubles, nullable=False),
    Column("num_anchors", Integers, nullable=False),
    Column("log_norm_hidden", Doubles),
    Column("log_norm_cell", Doubles),
    Column("log_norm_scaled", Doubles),
    Column("log_norm_median", Doubles),
    Column("underflowed", Boolean, nullable=False),
    text_column("cotangent"),
    text_column("shape"),
    #: Nats per timestep of lag; a negative rate is a decay.
    Column("decay_rate", Double),
    Column("decay_rate_low", Double),
    Column("decay_rate_high", Double),
    Column("fit_first_lag", Integer),
    Column("fit_last_lag", Integer),
    Column("entry_ratio", Double),
    Column("horizon", Integer, nullable=False),
    Column("horizon_first_below", Integer),
    Column("horizon_censored", Boolean, nullable=False),
    Column("horizon_threshold", Double, nullable=False),
    Column("horizon_low", Double, nullable=False),
    Column("horizon_high", Double, nullable=False),
    Column("required_lag", Integer),
    Column("ratio", Double),
    Column("ratio_low", Double),
    Column("ratio_high", Double),
    creation_time("recorded_at"),
    Index(None, "run_id", "step"),
    postgresql_partition_by="RANGE (run_id)",
)

position_readings = Table(
    "position_readings",
    metadata,
    run_reference(),
    Column("seq", BigInteger, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    text_column("scope"),
    Column("layer", Integer, nullable=False),
    text_column("direction"),
    #: Natural logarithm for each timestep, -Infinity for an exact zero.
    Column("log_hidden", Doubles, nullable=False),
    Column("log_immediate", Doubles, nullable=False),
    Column("log_cell", Doubles),
    Column("num_sequences", Integers, nullable=False),
    creation_time("recorded_at"),
    Index(None, "run_id", "step"),
    postgresql_partition_by="RANGE (run_id)",
)
