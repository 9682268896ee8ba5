"""What the columns of a table are for, in a suggestion or in a spec."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Roles:
    """Names of columns by what they are for. A name that the table has not counts as None."""

    #: Numbers that are predicted.
    target: str | None = None
    #: Classes that are predicted.
    label: str | None = None
    #: None stands for every other column of numbers.
    features: tuple[str, ...] | None = None
    #: Tells the series or the sequences apart.
    series_column: str | None = None
    #: Orders the rows of a series.
    time_column: str | None = None
    #: Shares of the rows of each series that come first and second; None if parts are random.
    train_share: float | None = 0.7
    validation_share: float = 0.15

    @property
    def named(self) -> frozenset[str] | None:
        """The columns that are used; None if all are."""
        if self.features is None:
            return None
        others = (self.target, self.label, self.series_column, self.time_column)
        return frozenset((*self.features, *(name for name in others if name is not None)))
