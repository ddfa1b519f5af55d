"""Sweeps: an objective with one of its numbers turned, over several seeds, and what may be said of it."""
