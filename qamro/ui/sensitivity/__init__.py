"""The Sensitivity tab: does beta matter? Curves over a loss's numbers, with what chance in training does."""
