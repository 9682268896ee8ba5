"""View of the rollbacks of a run."""

from app.api.models.view import Derived, View


class RollbacksView(View):
    """Returns to an earlier state, by `training.on_instability`. Each one is an event."""

    count: int
    """Returns so far."""
    learning_rate_factor: Derived
    """What multiplies the learning rate of the spec now: the product of the measured factors."""
    last_step: int
    """The step whose loss, gradient or update was not finite."""
