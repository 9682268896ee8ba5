"""What probes read off gradients over time: curves, and what is read off the lag profile."""

from app.domain.quantities.quantity import Cadence, Quantity

#: Curves over the lag or over position, served in the gradient flow.
PROFILES = (
    Quantity(
        name="lag_grad_norm",
        unit="loss / state",
        formula="RMS over loss terms a of ||dl_a / ds_(a-lag)||, s = h, and (h, c) for lstm",
        reduction="RMS over loss terms; median over sequences beside it",
        cost="one replay and one backward recursion a layer, in double precision",
        source="Bengio et al. 1994",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="hidden_grad_norm",
        unit="loss / state",
        formula="RMS over sequences of ||dL / dh_t||, L the sum of their shares in the mean loss",
        reduction="RMS over 16 sequences, position by position",
        cost="one replay and one backward recursion a layer, in double precision",
        source="Pascanu et al. 2013",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="cell_grad_norm",
        unit="loss / state",
        formula="RMS over sequences of ||dL / dc_t|| of an lstm, L as in hidden_grad_norm",
        reduction="RMS over 16 sequences, position by position",
        cost="nothing beside hidden_grad_norm",
        source="Hochreiter & Schmidhuber 1997",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="immediate_grad_norm",
        unit="loss / state",
        formula="RMS over sequences of the part of dL / dh_t that enters at t, not through t + 1",
        reduction="RMS over 16 sequences, position by position",
        cost="nothing beside hidden_grad_norm",
        source="Pascanu et al. 2013",
        cadence=Cadence.PROBE,
    ),
)
LAG_PROFILE_QUANTITIES = (
    Quantity(
        name="gradient_horizon",
        unit="timesteps",
        formula="largest lag before the lag profile first falls below 1 % of lag 0",
        reduction="first crossing of the RMS curve; 95 % interval by bootstrap over sequences",
        cost="nothing beside lag_grad_norm",
        source="measured",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="gradient_ratio_at_required_lag",
        unit="1",
        formula="lag profile at the lag that the task needs / at lag 0; small = vanished",
        reduction="RMS over loss terms; 95 % interval by bootstrap over sequences",
        cost="nothing beside lag_grad_norm",
        source="Bengio et al. 1994",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="decay_rate",
        unit="nats / timestep",
        formula="Theil-Sen slope of ln(lag profile) past its entry; negative = decays",
        reduction="median of the slopes of all pairs of up to 32 lags",
        cost="nothing beside lag_grad_norm",
        source="Theil 1950, Sen 1968",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="entry_ratio",
        unit="1",
        formula="lag profile where its entry transient ends / at lag 0",
        reduction="RMS over loss terms",
        cost="nothing beside lag_grad_norm",
        source="measured",
        cadence=Cadence.PROBE,
    ),
)
