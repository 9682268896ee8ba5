"""What probes read: off the lag profile, and each quantity beside it."""

from typing import Literal, get_args

from app.domain.quantities.quantity import Cadence, Quantity

LAG_PROFILE_QUANTITIES = (
    Quantity(
        name="gradient_horizon",
        unit="timesteps",
        formula="largest lag before the lag profile first falls below 1 % of lag 0",
        source="measured",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="gradient_ratio_at_required_lag",
        unit="1",
        formula="lag profile at the lag that the task needs / at lag 0; small = vanished",
        source="Bengio et al. 1994",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="decay_rate",
        unit="nats / timestep",
        formula="Theil-Sen slope of ln(lag profile) past its entry; negative = decays",
        source="Theil 1950, Sen 1968",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="entry_ratio",
        unit="1",
        formula="lag profile where its entry transient ends / at lag 0",
        source="measured",
        cadence=Cadence.PROBE,
    ),
)
#: Lyapunov exponents that have a row of their own; a whole spectrum goes on in the same way.
NUM_EXPONENTS = 4
EXPONENT = "lyapunov_"

PROBED = (
    Quantity(
        name="spectral_radius",
        unit="1",
        formula="largest |eigenvalue| of a recurrent matrix, per gate",
        source="Pascanu et al. 2013",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="sigma_max",
        unit="1",
        formula="largest singular value of a recurrent matrix, per gate; < 1 suffices to vanish",
        source="Pascanu et al. 2013",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="vanishing_certificate",
        unit="1",
        formula="largest slope · sigma_max of an elman layer's one matrix; < 1 proves vanishing",
        source="Pascanu et al. 2013, section 2.1",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="gate_mean",
        unit="1",
        formula="mean of a gate over units, valid timesteps and sequences",
        source="Hochreiter & Schmidhuber 1997",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="time_constant",
        unit="timesteps",
        formula="mean over units of -1 / mean ln gate, of forget (lstm) or update (gru)",
        source="Tallec & Ollivier 2018",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="mean_derivative",
        unit="1",
        formula="mean slope of a gate's activation; near 0 = it cannot be moved",
        source="measured",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="saturated_fraction",
        unit="1",
        formula="share of gate or tanh values within 5 % of their limits",
        source="SageMaker Debugger, SaturatedActivation",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="dead_fraction",
        unit="1",
        formula="share of relu units that are positive at no timestep of any sequence",
        source="AutoTrainer, dying ReLU",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="always_on_fraction",
        unit="1",
        formula="share of relu units that are positive at every timestep of every sequence",
        source="measured",
        cadence=Cadence.PROBE,
    ),
    *(
        Quantity(
            name=f"lyapunov_{rank}",
            unit="nats / timestep",
            formula=f"Lyapunov exponent {rank} of a layer by QR along its states; positive = grows",
            source="Benettin et al. 1980",
            cadence=Cadence.PROBE,
        )
        for rank in range(1, NUM_EXPONENTS + 1)
    ),
    Quantity(
        name="sum_rule.total",
        unit="nats / unit / timestep",
        formula="mean ln |det J|, the sum of all Lyapunov exponents; negative = volumes shrink",
        source="Engelken et al. 2023",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="sum_rule.recurrent",
        unit="nats / unit / timestep",
        formula="ln |det W| of elman's recurrent matrix, of the output gate's for lstm",
        source="Engelken et al. 2023",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="sum_rule.activation",
        unit="nats / unit / timestep",
        formula="mean ln of the activation's slope (elman), of |tanh c'| (lstm); 0 = linear",
        source="Engelken et al. 2023",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="sum_rule.gates",
        unit="nats / unit / timestep",
        formula="mean ln f + mean ln o(1-o) of lstm, mean ln z of gru; gate by gate too",
        source="measured",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="sum_rule.residual",
        unit="nats / unit / timestep",
        formula="total less its parts: the coupling in a gru; 0 for elman and lstm",
        source="measured",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="checksum_error",
        unit="1",
        formula="relative difference of parameter gradients by replay and by autograd",
        source="measured",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="adjoint_error",
        unit="1",
        formula="largest |<u, Jv> - <J'u, v>| / (|u| |Jv|), J the product of a layer's timesteps",
        source="measured",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="jacobian_sigma_max",
        unit="1",
        formula="largest singular value of one timestep's Jacobian of the whole state, median",
        source="Saxe et al. 2014",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="jacobian_sigma_min",
        unit="1",
        formula="smallest singular value of one timestep's Jacobian of the whole state, median",
        source="Saxe et al. 2014",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="jacobian_condition",
        unit="1",
        formula="largest / smallest singular value of one timestep's Jacobian, median",
        source="Saxe et al. 2014",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="gradient_noise_scale",
        unit="sequences",
        formula="trace of the gradient's covariance / its squared norm; > batch size = noisy",
        source="McCandlish et al. 2018",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="gradient_agreement",
        unit="1",
        formula="cosine of the sample's gradient with the one at the probe before; < 0 = it turned",
        source="measured",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="probe_seconds",
        unit="s",
        formula="time that the probes of one step took",
        source="measured",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="probe_share",
        unit="1",
        formula="share of wall time that probes took so far",
        source="measured",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="non_finite.where",
        unit="index",
        formula="where the first NaN or infinity arose: input, forward, loss, backward, optimizer",
        source="measured",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="non_finite.timestep",
        unit="timesteps",
        formula="position in the sequence at which it arose",
        source="measured",
        cadence=Cadence.PROBE,
    ),
    Quantity(
        name="non_finite.batch_row",
        unit="index",
        formula="sequences of the batch in which it arose",
        source="measured",
        cadence=Cadence.PROBE,
    ),
)
#: What a run can be asked to measure by name, beside the lag profile and its checks.
ProbeQuantity = Literal[
    "spectral_radius",
    "sigma_max",
    "vanishing_certificate",
    "gate_mean",
    "saturated_fraction",
    "mean_derivative",
    "time_constant",
    "dead_fraction",
    "always_on_fraction",
    "lyapunov_exponents",
    "lyapunov_spectrum",
    "sum_rule",
    "jacobian_sigma_max",
    "jacobian_sigma_min",
    "jacobian_condition",
    "gradient_noise_scale",
    "gradient_agreement",
]
PROBE_QUANTITIES: tuple[ProbeQuantity, ...] = get_args(ProbeQuantity)
