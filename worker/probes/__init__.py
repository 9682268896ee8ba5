"""Probes: each module measures one quantity of a network and changes nothing about it.

lag_profile       how far back the gradient of single loss terms reaches, per scope
checksum          whether the replay can be believed
recurrent_matrix  spectral radius and largest singular value of the recurrent matrices
gates             how open and how movable the gates of GRU and LSTM are
activations       saturated tanh units, dead relu units
lyapunov          rates at which directions grow or shrink along the trajectory
schedule          when to probe, within a budget
suite             all of them at one moment
"""
