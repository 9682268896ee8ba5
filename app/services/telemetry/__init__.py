"""Readings: store a batch of them; read history, gradient flow, dynamics and events."""
