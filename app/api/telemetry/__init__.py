"""Readings over HTTP: history, gradient flow, dynamics, and the event stream."""
