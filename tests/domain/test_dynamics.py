from app.domain.dynamics import (
    DYNAMICS,
    NO_PROBE_YET,
    NOT_ORDERED,
    PROBES_ARE_OFF,
    is_of_dynamics,
    unread,
)

NAMES = {quantity.name for quantity in DYNAMICS}


def test_new_quantities_of_probes_are_part_of_it() -> None:
    wanted = {"spectral_radius", "sigma_max", "gate_mean", "saturated_fraction", "lyapunov_1"}

    assert wanted <= NAMES
    assert all(is_of_dynamics(name) for name in NAMES)
    assert is_of_dynamics("lyapunov_127")


def test_what_is_told_elsewhere_is_not() -> None:
    for name in ("loss", "mse", "gradient_horizon", "checksum_error", "probe_share"):
        assert not is_of_dynamics(name)
    assert not is_of_dynamics("non_finite.where")


def test_what_is_missing_is_named_with_its_reason() -> None:
    measured = NAMES - {"sigma_max", "lyapunov_1", "lyapunov_3"}

    missing = list(unread(measured, tier="economy", has_probes=True))

    assert {one.quantity for one in missing} == {"sigma_max", "lyapunov_1"}
    assert {one.reason for one in missing} == {NOT_ORDERED}


def test_without_probes_the_reason_says_why() -> None:
    assert {one.reason for one in unread((), tier="off", has_probes=False)} == {PROBES_ARE_OFF}
    assert {one.reason for one in unread((), tier="full", has_probes=False)} == {NO_PROBE_YET}
