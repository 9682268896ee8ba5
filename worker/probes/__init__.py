"""Probes: each module measures something of a network and changes nothing about it.

Its `CARD` states what it measures, the names to ask for it by, and the tiers that include it.

lag_profile       how far back the gradient of single loss terms reaches, per scope
position_profile  the whole training gradient at each position, and what enters there
checksum          whether the replay can be believed
adjoint           whether the backward recursion is the transpose of the forward one
recurrent_matrix  spectral radius, largest singular value and certificate of recurrent matrices
gates             how open, how movable and how slow the gates of GRU and LSTM are
activations       saturated tanh units, dead and always-on relu units
lyapunov          rates at which directions grow or shrink along the trajectory
sum_rule          what the sum of all exponents is made of: matrix, activation, gates
jacobian_singular_values  how much one timestep stretches and squeezes the state
loss_gradient     how noisy the sample's gradient is, and whether it has turned
card              what a card says, and what a probe is given to look at
schedule          when to probe, within a budget
suite             all of them at one moment
"""
