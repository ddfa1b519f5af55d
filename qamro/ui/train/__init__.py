"""The Train tab: heads on a study's ratings, live; runs side by side; heads to keep for the Predict tab."""
