"""The reference models, one module each, with its card."""
