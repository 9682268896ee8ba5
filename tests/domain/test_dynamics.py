from app.domain.dynamics import DYNAMICS, is_of_dynamics, unread


def test_scalars_of_probes_are_part_of_it() -> None:
    wanted = {"spectral_radius", "sigma_max", "gate_mean", "saturated_fraction", "lyapunov_1"}

    assert wanted <= {quantity.name for quantity in DYNAMICS}
    assert all(is_of_dynamics(name) for name in wanted)
    assert is_of_dynamics("lyapunov_127")


def test_what_is_told_elsewhere_is_not() -> None:
    for name in ("loss", "mse", "gradient_horizon", "checksum_error", "probe_share"):
        assert not is_of_dynamics(name)
    assert not is_of_dynamics("non_finite.where")


def test_what_is_missing_is_named_with_its_reason() -> None:
    known = {quantity.name for quantity in DYNAMICS}
    measured = known - {"sigma_max", "lyapunov_1", "lyapunov_3"}

    missing = list(unread(measured, tier="economy", has_probes=True))

    assert {(one.quantity, str(one.scope)) for one in missing} == {
        ("sigma_max", "model"),
        ("lyapunov_1", "model"),
    }
    assert {one.reason for one in missing} == {"this run's probes do not measure it"}


def test_without_probes_the_reason_says_why() -> None:
    off = {one.reason for one in unread((), tier="off", has_probes=False)}
    early = {one.reason for one in unread((), tier="full", has_probes=False)}

    assert off == {"probes are off (probes.tier)"}
    assert early == {"no probe has been taken yet"}
