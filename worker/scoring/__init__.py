"""Scores of networks and baselines: both are computed by the same code on the same rows.

truth      what is scored against: the targets of one split
numbers    mse, mae, rmse, sMAPE, MASE and R² of numbers
classes    cross entropy, accuracy, balanced accuracy and F1 of classes
baselines  scores of trivial predictors on every split
forecasts  the target column of a forecast, and its naive forecasts
labels     the baselines of labelled sequences
"""
