"""Training of heads: objectives, splits, the trainer, and the recipe from a study to a folder of heads."""
