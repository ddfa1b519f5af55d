"""Every text of the Sensitivity tab."""

from __future__ import annotations

from typing import ClassVar

SPLITS = {
    "auto 5": "The published split, else 5 folds that hold out content",
    "content 5": "5 folds that hold out content",
    "system 5": "5 folds that hold out systems",
    "content 1": "One split that holds out content (quicker, noisier)",
}
"""``hold_out`` and number of folds, and what they mean."""

OPTIMISERS = {
    "adamw": "AdamW, all clips in every step",
    "sgd": "SGD, the paper's: batches of 256 (slow)",
}


class Sensitivity:
    """Texts of the tab."""

    TITLE = "How much does beta matter?"
    EVIDENCE = (
        "QAMRO weighs mistakes among good clips up to β times as much; its paper reports β = 7 as the best. We trained "
        "on what we could (two studies rated by people, one simulated). No β from 3 to 11 ranks clips better than β = "
        "1 beyond noise. None does better than regression alone, once that is trained to its end. Small studies and a "
        "frozen encoder cannot settle what β does elsewhere: sweep your own."
    )
    SETUP = "Set up a sweep of your own"
    MORE = "More"
    ENCODER = "Encoder"
    FAMILY = "Objective"
    OVER = "Vary"
    VALUES = "Values of {name}"
    BESIDE = "One curve for each {name}"
    BESIDE_NONE = "One curve"
    SEEDS = "Seeds"
    AXES = "Axes"
    SPLIT = "Split"
    OPTIMISER = "Training"
    RUN = "Run the sweep"
    CANCEL = "Cancel"
    COST = "{product} = {fits:,} fits, and ridge regression once a fold"
    ESTIMATE = "About {time}, going by what ran here."
    ESTIMATE_SHIPPED = "About {time}, going by the sweep that ships; none like it has run on this machine."
    EMBED_FIRST = "Clips that are new to the encoder take up to {time} more, once."
    NO_ESTIMATE = "How long it takes is not known: nothing like it has run here."
    AT_ONCE = "It was computed before and is shown at once."
    COUNTED: ClassVar[dict[str, tuple[str, str]]] = {
        "axis": ("axis", "axes"),
        "objective": ("objective", "objectives"),
        "seed": ("seed", "seeds"),
        "fold": ("fold", "folds"),
    }
    SPACE = (
        "This public page allows {most:,} fits and {clips:,} clips a sweep; run the app on your own machine for more."
    )
    TOO_MANY = "That is {fits:,} fits, and {most:,} are the most here. Take fewer values, seeds or axes."
    TOO_MANY_CLIPS = "{name} has {n:,} clips, and {most:,} are the most here."
    NUMBERS = "{what}: {text!r} is no list of numbers; write them with commas between, for example 1, 3, 5"
    NO_AXES = "Choose at least one axis."
    NO_STUDY = "Choose a study, or press Run for the simulated one."

    OPENING = "Opening the study …"
    ENCODER_LOADING = "Loading the encoder …"
    EMBEDDING = "Embedded {done} of {all} clips"
    TRAINING = "Training {axis}: {done:,} of {all:,} fits"
    STOPPING = "Stopping …"
    STOPPED = "Stopped. What stands below is the sweep before."
    DONE = "{fits:,} fits in {seconds} s."
    FROM_CACHE = "Computed before; shown from what was kept."
    SHIPPED = "This is the result that ships with the app."
    FAILED = "The sweep could not be run: {problem}"
    BROKE = "The sweep ended with an error: {problem}"
    NOT_KEPT = "This link's sweep has not been computed here yet: press “{run}”."
    BELOW = "What stands below is another one."
    BAD_LINK = "Part of the link was not understood and was left out: {problem}"
    STUDY_FIRST = "This link is about the study “{name}”; choose it in the set-up."

    SO_FAR = "As it comes"
    SO_FAR_NOTE = "Seeds so far: {seeds} of {all}; clips tested: {clips}. More of both will move the curve."
    HEADLINE = "{family} over {over}: {study}"
    SOURCE = (
        "Ratings by {who}, {clips} clips of {systems} systems. Heads on frozen {encoder} embeddings (revision "
        "{revision}); {split}; {seeds} seeds; {optimiser}. Made {made} with qamro {version}, torch {torch}."
    )
    SIMULATED = (
        "No person rated these clips: music, systems and listeners are simulated. A demonstration, not evidence."
    )
    UNREAD = "{n} clips could not be read and are left out, for example {first}."
    AXIS = "Axis"
    LEVEL = "Level"
    LEVELS: ClassVar[dict[str, str]] = {"utterance": "Clips", "system": "Systems"}
    CURVE, ALL_CURVES = "Curve", "all"
    OTHER_METRICS = "Other metrics"
    METRIC = "Map of"
    PUBLISHED = "Lay the paper's published numbers over"
    PUBLISHED_TITLE = "Published on {study}, not computed here"
    PUBLISHED_NOTE = (
        "System-level SRCC; other clips, other encoders, other training, no intervals. The dotted lines in the plot of "
        "system-level SRCC stand for these rows and for nothing of ours. Best β reported: {best:g}."
    )
    PUBLISHED_NONE = "Nothing was published for {axis}."
    INTERVALS = (
        "The band is the 95 % interval of the mean over seeds: what chance in training does on these very clips. The "
        "thin lines have intervals, too: point at one, or open All numbers. Other clips and listeners would move the "
        "numbers further. Click a point to see how that model ranks the systems."
    )
    MORE_WORDS = "The other metrics in words"
    MAP = "All points at once"
    MAP_NOTE = "Brighter is better. Click a cell to see that model."
    TABLE = "All numbers"
    TABLE_CAPTION = "Mean over seeds with its 95 % interval"
    MODEL_COLUMN = "Model"
    MODEL = "One model’s ranking"
    MODEL_NOTE = (
        "Ring: a system’s mean rating. Dot: its mean prediction over clips and seeds, with a 95 % interval over "
        "seeds. Best by ratings on top."
    )
    CHOOSE = "Model"
    NO_SYSTEMS = "The clips of this study name no systems, so there is no ranking of systems to show."
    PLACES = ("System", "Ratings", "Model", "Held against", "Mean rating", "Prediction")
    PLACES_CAPTION = "Places of the systems; 1 is the best"
    REFERENCE_ALONE = "It is the model that the others are held against."
    ALT = "{metric} at {level} level on {axis} over {over}, {rests}: {points}"
    MAP_ALT = "{metric} at {level} level on {axis} for every {beside} and {over}, {rests}"
    PLACES_ALT = "Systems by {model} against {who}, {axis}: {order}"

    CHART_WORDS: ClassVar[dict[str, str]] = {"save": "Save as {format}", "failed": "The figure could not be drawn."}
    LINK_WORDS: ClassVar[dict[str, str]] = {
        "zip": "Download all (zip)",
        "packing": "Packing …",
        "copy": "Copy a link to this",
        "copied": "Copied",
        "upload": "A link cannot carry a study that you brought along; whoever opens it chooses the same files.",
    }
