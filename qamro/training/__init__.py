"""Training of heads: splits, the trainer, and the recipe from a study to a folder of heads with their card.

Its packages: ``objective`` (what is minimised), ``frames`` (models that read sequences), ``end_to_end`` (the encoder is
trained, too), ``sweeps`` (one number turned, over several seeds) and ``compare_objectives`` (which objective is best).
"""
