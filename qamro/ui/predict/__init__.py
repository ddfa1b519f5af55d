"""The Predict tab: drop clips, press Score, read, listen, download."""
