"""Training on sequences: the dual-branch models of the challenge's winner and of DeRA-MOS."""
