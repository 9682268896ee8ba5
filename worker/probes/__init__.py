"""Probes: each module measures something of a network and changes nothing about it.

Its `CARD` states what it measures, the names to ask for it by, and the tiers that include it.

lag_profile       norm of the gradient of single loss terms by lag, per scope
position_profile  norm of the training gradient at each position, and of the part that enters there
checksum          parameter gradients by the replay against those by autograd
adjoint           whether the backward recursion is the transpose of the forward one
recurrent_matrix  spectral radius, largest singular value and certificate of recurrent matrices
gates             means, saturation, slopes and time constants of gates
activations       saturated tanh units, dead and always-on relu units
lyapunov          Lyapunov exponents: rates of growth along the trajectory
sum_rule          the sum of all exponents by parts: matrix, activation, gates
jacobian_singular_values  largest and smallest singular value of one timestep's Jacobian
loss_gradient     noise of the sample's gradient, and its angle to the one before
card              what a card states, and what a probe is given
schedule          when to probe, within a budget
suite             the list of the probes; runs them at one step
"""
