"""Exact backward pass through time of a trained network, replayed outside of the training step.

- `sample`: what is looked at: a network, a few sequences, their unreduced loss terms
- `states`: the trajectory that the network's own modules take over these sequences
- `adjoint`: the backward recursion, renormalised at each timestep
- `network`: the recursion from layer to layer, for many anchors at once
- `anchors`: which loss terms are asked how far back they reach
- `following`: the traces of all anchors of a sample
- `preparation`: from a network and its sample to blocks ready to be followed back
- `parameter_gradients`: the check against autograd
- `jacobians`: single timesteps' Jacobians as matrices
- `sample_gradients`: the gradient over all parameters, part by part of the sample
- `lag_curve`: root mean squares over anchors with bootstrap intervals
- `tail`: slope and shape of a profile

Legend of shape suffixes: T timesteps, P timesteps in the order in which a direction reads them,
B sequences, N anchors, I inputs, H hidden units, D·H both directions' units, G gate pre-activations
(a multiple of H), S state coordinates (H, or 2H for LSTM), O outputs, Q variants of a norm, L lags,
K lags that a slope is fitted over, R bootstrap resamples.
"""
