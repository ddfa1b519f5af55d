"""Every text of the Compare tab."""

from __future__ import annotations

from qamro.report.views import ABOUT, APP_VIEWS, MADE, NUMBERS, SURE

TITLE = "Compare"

PLAN = (
    "plan",
    "Plan",
    "How many clips and ratings will tell systems apart? From the study above, or from numbers of your own.",
)
REPORT = ("report", "Report", "Everything in one file, to keep or to send.")
"""Behind the views of ``qamro.report.views``: name, title and what it is for."""

TITLES = {key: view.title for key, view in APP_VIEWS.items()} | {key: title for key, title, _ in (PLAN, REPORT)}
"""What the tab shows, from left to right, by name."""

NOTES = {key: view.note for key, view in APP_VIEWS.items()} | {key: note for key, _, note in (PLAN, REPORT)}
"""For each of them, the question that it answers."""


class Bring:
    """Texts of what is brought: ratings and predictions."""

    RATINGS = "Ratings"
    RATINGS_NOTE = "What listeners said: a study of this machine, or your own."
    EXAMPLE = "Open the example"
    PREDICTIONS = "Predictions"
    PREDICTIONS_NOTE = "What predictors say of the same clips. Several stand side by side."
    SCORE_WITH = "Score this study with"
    SCORE = "Score the clips"
    CANCEL = "Cancel"
    FITS = "{n} of {all} clips"
    TAKE = "Take the Predict tab's scores"
    FROM_FILE = "{file}"
    FROM_PREDICT = "Predict tab, {n} clips"
    CALIBRATED = "calibrated on {study}"
    FROM_SCORING = "scored here, {n} of {all} clips"
    NOTHING_TAKEN = "There are no scores on the Predict tab yet. Score clips there, or choose a CSV."
    TAKEN = "{name} added: {n} clips."
    READ_BAD = "{file} was not used: {problem}"
    NO_STUDY = "Choose a study first."
    NO_AUDIO = "{name} has no sound on this machine, so nothing can be scored. Bring predictions as a CSV instead."
    NOT_READY = "{title} needs its weights first: choose it on the Predict tab and press Download."
    LOADING = "Loading the predictor …"
    SCORING = "{title} has scored {done} of {all} clips"
    SCORED = "{title} scored {good} of {all} clips."
    SCORED_SOME = "{title} scored {good} of {all} clips; {failed} could not be. First: {error}"
    STOPPED = "Stopped: {title} scored {good} of {all} clips, and they are kept."
    STOPPED_EARLY = "Stopped before the first clip was scored."
    STOPPING = "Stopping …"
    BROKE = "Scoring stopped with an error: {problem}"
    POWERED = "Let predictions help: means of systems from rated and unrated clips"
    NEXT = "Have the next 50 clips rated"
    NO_NEXT = "Every clip that was predicted is rated already, or the predictor has learnt from these ratings."
    NEXT_SILENT = "The {n} clips to rate next have no sound on this machine."
    HANDED = "{n} clips of {name} wait on the Annotate tab, to be rated on {axis}."
    FAILED = "That did not work: {problem}"


PREDICTION_WORDS = {
    "drop": "Drop CSVs of predictions here",
    "formats": "Any CSV with a column clip and one for each axis, of any model; also what the Predict tab saves.",
    "files": "Choose CSVs",
    "uploading": "Uploading {done} of {all}",
    "failed": "{n} could not be uploaded",
    "none": "No predictions yet.",
    "matched": "{n} of {rated} rated clips",
    "unmatched": "{n} predictions belong to no rated clip, for example {examples}",
    "unmatched_one": "1 prediction belongs to no rated clip: {examples}",
    "ambiguous": "{n} could be several clips, for example {examples}",
    "by": "matched by {how}",
    "waiting": "{n} clips; choose a study to match them",
    "axes": "Axes",
    "unknown": "the file does not say what made these scores",
    "remove": "Remove {name}",
    "pairs": "Held against each other",
    "pairs_note": "Axes of the same name are compared by themselves. Pair others where you mean it: across scales "
    "a ranking can be compared, an error in points cannot.",
    "predicted": "Predicted",
    "rated": "Rated",
    "pair": "Pair",
    "unpair": "Take the pair {pair} away",
    "stands": "{name}: {predicted} stands for {rated}",
    "stands_for_all": "{predicted} stands for {rated}",
    "lacks": "Left out on {lacks}: it has no score of that name. Pair one of its axes below.",
    "no_pair": "Predictions and ratings share no axis. Choose which predicted axis stands for which rated one.",
}

SETUP_WORDS = {"change": "Change the set-up", "fold": "Fold"}

LINE_WORDS = {
    "title": "In three lines",
    "systems": "Which systems differ",
    "predictors": "How good the predictors are",
    "next": "What to do next",
    "show": "Show",
    "waiting": "Working the lines out …",
}

WORKING_WORDS = {"since": "{n} s", "usual": "{n} s of about {usual} s"}

SECTION_WORDS = {
    "sure": SURE,
    "numbers": NUMBERS,
    "about": ABOUT,
    "made": MADE,
    "save": "Save as {format}",
    "failed": "The figure could not be drawn.",
    "csv": "CSV",
    "csv_of": "Save {title} as CSV",
    "more": "Show all {n} rows",
    "rows": "{n} rows",
    "sort": "Sort by {column}",
    "open": "Look at {name}",
    "listen": "Hear a pair",
    "out": "Leave out",
    "out_of": "Leave out {name}",
    "left_out": "{n} of {all} raters are left out of everything shown here: {names}.",
    "back": "Take them back",
    "out_title": "Leave raters out",
    "out_note": "Tick raters to leave them out of every figure, table and file made afterwards. Decide by what is "
    "known of a rater, not by whether the result gets nicer.",
    "find": "Find a rater",
}


class View:
    """Texts of the views."""

    AXIS = "Axis"
    VIEW = "View"
    WORKING = "Working out {view} …"
    EMPTY = "What do listeners say, and does the predictor agree?"
    EMPTY_HINT = "Choose a study above, or open the example: a simulated study that the offline predictor scores."
    VOTES = "These are votes between clips, and no ratings of single clips"
    VOTES_HINT = "This view needs ratings. The view Votes ranks systems by the votes, and the report holds it."
    NO_TEST = "This study is no MUSHRA, CMOS, DMOS or ABX test"
    NO_TEST_HINT = (
        "Bring one above: a test run on the Annotate tab, or webMUSHRA's results. On the command line, "
        "qamro analyse --test says what a file is."
    )
    NO_VOTES = "Nobody compared two clips in this study"
    NO_VOTES_HINT = (
        "Bring votes above: a file with both sides and who won. An arena's log will do, or an A/B study of the "
        "Annotate tab."
    )
    NO_PREDICTIONS = "No predictions to hold against these ratings yet"
    NO_PREDICTIONS_HINT = "Drop a CSV above, take the Predict tab's scores, or have the clips scored here."
    NO_AXIS = "Predictions and ratings share no axis"
    NO_AXIS_HINT = "Pair them above: which predicted axis stands for which rated one?"
    ONE_PREDICTOR = "One predictor is here; two are needed"
    ONE_PREDICTOR_HINT = "Add another one above to see whether one agrees better with listeners than the other."
    BROKE = "This could not be worked out"
    BROKE_LINES = "The lines could not be worked out: {problem}"
    MISFIT = "{name}: {problem}"


class Plan:
    """Texts of the view that plans a study, as the server writes them."""

    FROM = "Standard deviations on {axis} from {n:,} ratings by {who} ({name}, REML)."
    TYPED = "Standard deviations as typed here, no study's."
    SOME_TYPED = "Those that were typed go first."
    ANONYMOUS = "Raters are not named, so the noise holds what differs between them."
    NO_PILOT = "The study above does not tell: {problem}."
    SYSTEMS = "Plan for 2 to {most} systems."
    NO_NUMBER = "{text!r} is not a number of zero or more."


PLAN_WORDS = {
    "clips": "Clips of each system",
    "times": "Ratings of each clip",
    "systems": "Systems",
    "between": "SD between systems",
    "raters": "SD of raters",
    "rest": "SD of one rating",
    "clips_sd": "SD of a system's clips",
    "again": "Work out",
    "reset": "As estimated",
    "once": "once",
    "often": "{m} times each",
    "says": "{n} clips of each of {systems} systems, rated {often}, are {total} ratings and tell about {share} of the "
    "{pairs} pairs apart",
    "two": "{n} clips of either system, rated {often}, are {total} ratings and tell the two apart with a chance of "
    "about {share}",
    "more": "; {n} clips rated {often} reach {share} for {same}.",
    "as_many": "as many ratings",
    "fewer": "fewer ratings ({total})",
    "none_better": "; no other spread of as many ratings that was tried does better.",
    "across": "ratings altogether",
    "alt": "Share of pairs of systems told apart over the number of ratings. A line for each number of ratings of a "
    "clip; your budget is marked.",
}


class Clip:
    """Texts of the clip that is looked at."""

    SECONDS = "seconds"
    OF = " of {high:g}"
    END = ", the end of the scale"
    WINDOWS_ALT = "{axis} of {clip} over time by {names}"


CLIP_WORDS = {
    "made": MADE,
    "save": SECTION_WORDS["save"],
    "failed": SECTION_WORDS["failed"],
    "close": "Close",
    "no_prompt": "no prompt",
    "no_sound": "There is no sound of this clip on this machine.",
    "unplayable": "This file cannot be played.",
    "interval": "{low} to {high}",
    "of": "{n} ratings",
    "ratings": "Ratings",
    "windows": "Over time",
    "windows_note": "Each step is a window of the clip, scored by itself. Click to hear it.",
    "waiting": "Scoring the windows …",
    "put": "Put into {side}",
    "system": "Clips of {system}",
    "system_note": "Click one to hear it.",
    "clip": "Clip",
    "mean": "MOS",
    "predictors": "Predictors",
    "outside": "outside: unlike the training clips, a guess",
    "edge": "at the edge of the training clips",
}

AB_WORDS = {
    "close": "Close A against B",
    "title": "A against B",
    "note": "Two clips at the same position. X switches, Space plays, ← and → move by a second.",
    "play": "Play",
    "pause": "Pause",
    "switch": "Switch",
    "seek": "Position",
    "level": "Same loudness",
    "level_note": "Turns the louder clip down to the mean power of the other, because louder sounds better.",
    "loading": "Loading …",
    "unplayable": "{side} cannot be played.",
    "none": "nothing chosen",
    "outside": "{name} {score} (outside: a guess)",
    "no_sound": "no sound on this machine",
}


class Report:
    """Texts of the report that the server writes."""

    NO_STUDY = "Choose a study first."
    WRITING = "Writing the report …"
    SECTION = "Worked out: {title}"
    STOPPED = "Stopped. What is worked out is kept for the next time."
    DONE = "{file} is ready."
    FAILED = "The report could not be written: {problem}"


REPORT_WORDS = {
    "title": "Take it with you",
    "html": "Report (HTML)",
    "html_note": "One file with every interactive figure, table and sentence for all axes. It opens without a network.",
    "zip": "Tables (zip of CSVs)",
    "zip_note": "Every table at full precision, with the settings and versions that made them.",
    "code": "The same without a browser:",
    "stop": "Cancel",
    "command": "python -m qamro compare --ratings RATINGS --predictions PREDICTIONS --html report.html",
}
