"""What can be chosen on the Train tab, each with its title and a sentence."""

from __future__ import annotations

OBJECTIVES: dict[str, tuple[str, str]] = {
    "huber": (
        "Huber: regression alone",
        "Comes close to each clip's score, with outliers counted less. Trained to the end, nothing that we measured "
        "ranks clips better.",
    ),
    "mse": ("MSE: regression alone", "Squares the distance to each clip's score: large misses count most."),
    "ridge": (
        "Ridge regression: solved, not trained",
        "The exact linear fit to the features, its penalty chosen within the training clips. No epochs, no seeds. On "
        "one of two human studies that we measured it ranks better than any trained head: try it beside whatever you "
        "train.",
    ),
    "mr": (
        "Regression + margin ranking (MR)",
        "Adds: of two clips, the better one has to be ahead by a fixed margin, however close people rated them. "
        "QAMRO's Eq. 1, and its ablation “w/o adaptive margin”.",
    ),
    "qamro": (
        "Regression + QAMRO",
        "Adds: the better clip has to be ahead by alpha times the distance that people see, and mistakes among good "
        "clips weigh up to beta times as much. The paper's loss for MI and TA; for the aesthetic axes it names QAMRO "
        "and “traditional regression objectives”, and that these are MSE + MAE on standardised scores is our reading.",
    ),
    "aes-released": (
        "QAMRO as released, for the aesthetic axes",
        "What the paper's code does on PQ, PC, CE and CU: MSE + MAE on standardised scores, QAMRO on the scores "
        "themselves, weights from a table by axis and interval of the score. On other axes it is the paper's.",
    ),
    "qamro-unweighted": (
        "Regression + QAMRO without weighting",
        "The adaptive margin alone: all mistakes weigh the same (beta = 1). The paper's “w/o quality-aware weighting”.",
    ),
    "qamro-fixed-margin": (
        "Regression + QAMRO's weights with a fixed margin (ours)",
        "The weights alone, with one margin for all pairs. An ablation of ours, not the paper's; in our measurements "
        "it does harm.",
    ),
    "balr": (
        "Regression + BALR",
        "Adds: the predictions of a batch, read as chances of being the best, should look as people's scores do. "
        "DeRA-MOS's ranking loss.",
    ),
    "listmle": (
        "Regression + ListMLE",
        "Adds: people's order of the whole batch should be the most likely one under the predictions.",
    ),
    "soft-spearman": (
        "Regression + soft Spearman",
        "Adds: the rank correlation itself, made smooth so that it has a gradient.",
    ),
    "ce-gauss": (
        "CE-Gauss: Gaussian soft labels",
        "Predicts a distribution over the scale instead of one number; the score is its mean.",
    ),
    "ce-gauss+balr": (
        "CE-Gauss + BALR",
        "A distribution over the scale, and the listwise ranking of a batch.",
    ),
    "ce-gauss+balr+sama": (
        "CE-Gauss + BALR + SAMA: DeRA-MOS",
        "DeRA-MOS's whole loss. SAMA asks clip and prompt to be as alike as people say they match; it acts on TA only.",
    ),
    "qamro+sama": (
        "Regression + QAMRO + SAMA",
        "QAMRO, and on TA clip and prompt as alike as people say they match.",
    ),
}
"""For each objective, its title and a sentence on what it does."""

OPTIMIZERS: dict[str, tuple[str, str, dict[str, float]]] = {
    "adamw": (
        "AdamW, batches of 32",
        "Done in a minute; measured here, it trains every objective to its end. With 0 clips a step all of them are "
        "ranked in every step, which QAMRO's sorting affords.",
        {"lr": 1e-3, "batch_size": 32, "epochs": 300},
    ),
    "sgd": (
        "SGD, the paper's",
        "Rate 5e-4, momentum 0.9, batches of 256. Slow on small studies: regression alone may not be trained when its "
        "epochs end, which makes ranking losses look better than they are.",
        {"lr": 5e-4, "batch_size": 256, "epochs": 1000},
    ),
}
"""For each optimiser, its title, a sentence, and what it sets."""

HOLD_OUT = {
    "content": "Content: prompt, song, sentence",
    "system": "Systems: none on two sides",
    "both": "Both: clips between left out",
}

STOP_BY = {"loss": "validation loss", "srcc": "validation SRCC"}
"""What the best epoch, and of several seeds the best one, is chosen by; keys of ``FitConfig.stop_by``."""

ENCODERS: dict[str, str] = {
    "logmel": "Fixed statistics of the spectrum. Nothing to fetch, a hundred clips in seconds.",
    "clap": "A network that hears music and reads prompts: the paper's encoder. Slow without a GPU.",
    "audiobox": "The network behind the four aesthetic axes. It reads no prompts: no TA.",
    "wavlm": "A network trained on speech. It reads no prompts: no TA.",
    "muq": "A network trained on music; for non-commercial use. It reads no prompts: no TA.",
}
"""For each encoder, a sentence."""

PARAMETERS: dict[str, tuple[str, str]] = {
    "alpha": ("alpha", "Slope of the adaptive margin; 0.2 in the paper."),
    "beta": ("beta", "Weight of mistakes among the best clips; 1 weighs all alike, 7 in the paper."),
    "margin": ("margin", "Fixed margin, in the score's units (of standardised scores where an axis has no scale)."),
    "temperature": ("temperature", "Of the ranking term; smaller looks at the top more."),
    "sigma": ("sigma", "Width of the soft labels as a share of the scale."),
    "regression_weight": ("Weight of regression", "0 leaves it out."),
    "ranking_weight": ("Weight of ranking", "0 leaves it out; 0.2 in DeRA-MOS for BALR."),
    "alignment_weight": ("Weight of SAMA", "0.3 in DeRA-MOS."),
    "normalize": ("Quality weight by", "How scores come to 0–1 for beta: each batch's own range, or the scale."),
}
"""For each parameter of an objective that can be set, its label and a sentence."""

FITTING: dict[str, tuple[str, str]] = {
    "lr": ("Learning rate", "Of the optimiser."),
    "batch_size": ("Clips a step", "0 takes all of them."),
    "epochs": ("Epochs at most", "Training usually stops earlier."),
    "patience": ("Patience", "Epochs without a better one until a head is done."),
    "dropout": ("Dropout", "Share of hidden units left out in training."),
    "weight_decay": ("Weight decay", "Of AdamW."),
}
"""How heads are fitted, likewise; fields of ``Settings``."""
