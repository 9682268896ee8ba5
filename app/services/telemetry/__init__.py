"""Readings: store a flush of them; read history, gradient flow, dynamics and events."""
