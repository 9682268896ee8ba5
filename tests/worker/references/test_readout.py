"""Readouts reach the minimum that scikit-learn finds."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, QuantileRegressor, Ridge

from app.domain.specs.loss.mae import MaeLoss
from worker.datasets.objectives import CrossEntropy, NumberError
from worker.references.readout import Axes, least_loss, least_squares

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(300, 5)) @ RNG.normal(size=(5, 5)) + 3


def standardised() -> np.ndarray:
    deviations: np.ndarray = (ROWS - ROWS.mean(axis=0)) / ROWS.std(axis=0)
    return deviations


def test_squares_are_minimised_as_by_ridge_regression() -> None:
    wanted = ROWS @ RNG.normal(size=(5, 2)) + RNG.normal(size=(300, 2))
    axes = Axes.of(torch.from_numpy(ROWS))

    for readout in least_squares(axes, torch.from_numpy(wanted)):
        twin = Ridge(alpha=300 * readout.strength).fit(standardised(), wanted)
        np.testing.assert_allclose(
            readout(torch.from_numpy(ROWS)).numpy(), twin.predict(standardised()), atol=1e-6
        )


def test_cross_entropy_is_minimised_as_by_logistic_regression() -> None:
    classes = (standardised() @ RNG.normal(size=(5, 3)) + RNG.gumbel(size=(300, 3))).argmax(axis=1)
    axes = Axes.of(torch.from_numpy(ROWS))
    offset = torch.zeros(300, 3, dtype=torch.float64)

    for readout in least_loss(axes, CrossEntropy(), torch.from_numpy(classes), offset_nO=offset):
        twin = LogisticRegression(C=1 / (300 * readout.strength), max_iter=5000, tol=1e-9)
        expected = twin.fit(standardised(), classes).predict_proba(standardised())
        found = readout(torch.from_numpy(ROWS)).softmax(dim=1).numpy()
        np.testing.assert_allclose(found, expected, atol=2e-3)


def test_absolute_errors_are_minimised_as_by_a_linear_program() -> None:
    wanted = standardised() @ RNG.normal(size=5) + RNG.standard_t(df=2, size=300)
    axes = Axes.of(torch.from_numpy(ROWS))
    offset = torch.zeros(300, 1, dtype=torch.float64)
    targets = torch.from_numpy(wanted[:, None])

    *_, last = least_loss(axes, NumberError(MaeLoss()), targets, offset_nO=offset)

    twin = QuantileRegressor(quantile=0.5, alpha=0).fit(standardised(), wanted)
    least = np.abs(wanted - twin.predict(standardised())).mean()
    found = (last(torch.from_numpy(ROWS)) - targets).abs().mean()
    assert float(found) == pytest.approx(least, rel=0.01)


def test_a_constant_feature_and_a_copy_of_one_change_nothing() -> None:
    wanted = torch.from_numpy(ROWS[:, :1] * 2)
    wide = torch.from_numpy(np.column_stack([ROWS, np.full(300, 1e6), ROWS[:, 0]]))

    *_, last = least_squares(Axes.of(wide), wanted)

    torch.testing.assert_close(last(wide), wanted, atol=1e-5, rtol=0)
