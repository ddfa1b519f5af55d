"""Every text of the Train tab, and what can be chosen there, each with its title and a sentence."""

from __future__ import annotations

from typing import ClassVar

RUN_WORDS = {
    "caption": "Runs of this session",
    "shown": "Show",
    "show": "Draw and compare {title}",
    "run": "Run",
    "remove": "Remove {title}",
    "kept": "saved as {name}",
    "empty": "No runs yet",
    "empty_hint": "Each press of Train adds one; two or more can be compared.",
}


class TrainTab:
    """Texts that the server writes."""

    TITLE = "Train heads on ratings"
    NOTE = (
        "Choose a study with ratings and sound. Its clips are embedded once by a frozen encoder; a small head an axis "
        "learns to predict the ratings. What the heads are worth is said by clips that they never heard."
    )
    WHAT, HOW, RUNNING, RUNS, KEEP = "What to train", "How to train", "Training", "Runs", "Keep heads"
    RUNS_NOTE = (
        "Held-out results: clips that took no part in training, stopping or any choice. Brackets are 95 % bootstrap "
        "intervals over systems and clips. Validation curves are no evidence: training stopped by one of them."
    )
    KEEP_NOTE = (
        "Kept heads are a predictor, which the Predict tab lists at once. It names the study, who rated it, the "
        "encoder and what they are worth on held-out clips."
    )
    KEEP_SPACE = " On this shared Space only you see them, as long as this page is open: download them to keep them."
    SPACE = (
        "This is a shared Space: at most {epochs} epochs, {seeds} seeds, {seconds:g} seconds of training and {clips} "
        "clips. Run the project on your own machine for more."
    )
    AXES, AXES_INFO = "Axes", "One head for each."
    ENCODER, OBJECTIVE, OPTIMIZER, SEEDS = "Encoder", "Objective", "Optimiser", "Seeds"
    PRESET = "Start from"
    SEEDS_INFO = "Fits an axis, side by side; the best one is kept, in folds all of them."
    STOP_BY = "Best epoch and seed by"
    STOP_BY_INFO = "Each objective has a loss of its own; SRCC measures all of them alike, by how they rank."
    HOLD_OUT = "Hold out"
    HOLD_OUT_INFO = "What the held-out part shares nothing of with the rest."
    FOLDS = "Folds"
    FOLDS_INFO = "In folds every rating trains, and every clip is tested by heads that never saw its content or system."
    MORE = "More"
    ESTIMATE = "About {time}, going by what was trained here."
    ESTIMATE_SHIPPED = "About {time}, going by the heads that ship; nothing like it was trained on this machine."
    EMBED_FIRST = "Clips that are new to the encoder take up to {time} more, once."
    NO_ESTIMATE = "How long it takes is not known: nothing like it was trained here."

    TRAIN, STOP, CANCEL = "Train", "Stop, keep the best", "Cancel"
    READY = "Choose a study to begin."
    CHOSEN = "{name}: {clips} clips. Press Train."
    NO_STUDY = "Choose a study first."
    NO_AXES = "Choose an axis first."
    TOO_MANY = "This study has {n} clips; this Space trains on at most {most}."
    CUT = "Cut to what this Space allows: {what}."
    NEEDS = "Needs {size} of published weights first ({licence}); downloaded once, they stay on this machine."
    DOWNLOAD = "Download {size}"
    NOT_READY = "{title} needs its weights first: press Download, or choose another encoder."
    BAD_NUMBER = "{what} needs a number."
    WAITING = "Others are training. {place}"
    LOADING = "Loading the encoder …"
    EMBEDDING = "Embedding {done} of {total} clips, {rate:.0f} a second"
    EMBEDDING_FIRST = "Embedding {total} clips …"
    EPOCH = "{axis} ({place} of {axes}), epoch {epoch}, validation loss {loss:.4f}{srcc}"
    EPOCH_SRCC = ", SRCC {srcc:.3f}"
    TESTING = "Testing on held-out clips …"
    STOPPING = "Stopping after this epoch …"
    CANCELLED = "Cancelled; nothing was kept."
    DONE = "Run {number} is done. {worth}"
    STOPPED = "stopped by hand"
    OUT_OF_TIME = "stopped after {seconds:g} s, the limit of this Space"
    LEFT_OUT = "{n} clips could not be read and were left out, the first: {why}"
    FAILED = "Training was not possible: {problem}"
    BROKE = "Training ended with an error: {problem}"
    WORTH = "Held-out SRCC over {n} {what}"
    WORTH_HINT = " (a hint, not a finding)"
    WORTH_UNKNOWN = "Held-out SRCC is undefined"
    WORTH_VOTES = "On held-out votes"
    OF_VOTES = "of votes"

    LOSS, SRCC = "Loss", "Validation SRCC"
    LOSS_NOTE = (
        "Solid: validation, dotted: training. With several seeds: their mean, and a band from lowest to highest."
    )
    SRCC_NOTE = (
        "Rank correlation with the ratings of the validation clips. Gradients come from the loss, not from this."
    )
    LOSS_ALT, SRCC_ALT = "Training and validation loss over epochs: {what}", "Validation SRCC over epochs: {what}"
    EPOCHS, VALIDATION, TRAINING = "epoch", "validation", "training"
    CHART_WORDS: ClassVar[dict[str, str]] = {"save": "Save as {format}", "failed": "The figure could not be drawn."}

    AXIS = "Axis"
    CSV = "Download CSV"
    OVERLAY = "Validation SRCC of the runs shown"
    OVERLAY_NOTE = "Mean over seeds; the dot is the epoch whose weights were kept."
    OVERLAY_ALT = "Validation SRCC over epochs on {axis}: {what}"
    VERDICT = "What can be claimed"
    VERDICT_ONE = "Show two runs or more on {axis} to compare them on held-out clips."
    VERDICT_STUDIES = "{first} and {second} rest on different studies: their numbers cannot be compared."
    VERDICT_NO_CLIPS = "{first} and {second} held out different clips: train both with the same split to compare them."
    VERDICT_FAILED = "{first} and {second} cannot be compared: {problem}"
    BROKE_COMPARING = "The runs could not be compared: {problem}"
    VERDICT_ALL = "All {n} comparisons"
    VERDICT_NONE = (
        "{axis}: among {n} runs, no difference in held-out SRCC is more than noise over {over} (smallest p {p:.2g} "
        "after Holm's correction for {tests} tests). That does not show that they are equal."
    )
    VERDICT_SEEDS = "Seeds alone move the held-out {level} SRCC of {what}."
    VERDICT_SEED = "{run} from {low:.3f} to {high:.3f} ({n} seeds)"
    VERDICT_NOTE = (
        "Paired on the same held-out clips. Intervals draw systems and clips and take the heads as they are; other "
        "seeds would give other heads."
    )
    RUN_INFO = "Whose heads to keep."
    RUN, NAME, NAME_INFO = "Run", "Name", "Letters, digits, dots, hyphens; anything else becomes a hyphen."
    SAVE, OVERWRITE, ZIP, UPLOAD = "Save", "Overwrite", "Download zip", "Bring heads back (zip)"
    NOTHING_TO_SAVE = "Train first, then choose the run to keep."
    SAVED = "Saved as {name}. The Predict tab lists it."
    TAKEN = "There are heads called {name} already. Press Overwrite to replace them, or choose another name."
    BAD_NAME = "Not saved: {problem}."
    NO_ROOM = "Not saved: {problem}"
    BROUGHT = "{name} is back: {about} The Predict tab lists it."
    NOT_BROUGHT = "Not taken: {problem}."
    KEPT_WORDS: ClassVar[dict[str, str]] = {
        "caption": "Kept heads",
        "empty": "No heads are kept yet.",
        "score": "Score clips with it",
        "remove": "Delete",
        "sure": "Really delete?",
        "remove_of": "Delete {name}",
        "score_of": "Score clips with {name}",
    }
    REMOVED = "{name} is deleted."
    CARD = "The card of this run"


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
        "epochs end. That makes ranking losses look better than they are.",
        {"lr": 5e-4, "batch_size": 256, "epochs": 1000},
    ),
}
"""For each optimiser, its title, a sentence, and what it sets."""

HOLD_OUT = {
    "content": "Content: prompt, song, sentence",
    "system": "Systems: none on two sides",
    "both": "Both: clips between left out",
}

FOLDS = {"auto": "as the study allows", "0": "one split", "5": "5 folds", "10": "10 folds"}
"""In how many folds heads are trained; the first is what ``splits.fold_count`` says."""

STOP_BY = {"loss": "validation loss", "srcc": "validation SRCC"}
"""What the best epoch, and of several seeds the best one, is chosen by; keys of ``FitConfig.stop_by``."""


FITTING: dict[str, tuple[str, str]] = {
    "lr": ("Learning rate", "Of the optimiser."),
    "batch_size": ("Clips a step", "0 takes all of them."),
    "epochs": ("Epochs at most", "Training usually stops earlier."),
    "patience": ("Patience", "Epochs without a better one until a head is done."),
    "dropout": ("Dropout", "Share of hidden units left out in training."),
    "weight_decay": ("Weight decay", "Of AdamW."),
}
"""How heads are fitted: for each field of ``Settings`` its label and a sentence."""
