"""Training of encoder and heads together, as in the paper."""
