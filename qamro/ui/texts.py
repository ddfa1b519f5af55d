"""Every text of the app, in one place."""

from __future__ import annotations

from typing import ClassVar

TITLE = "QAMRO"
TAGLINE = "How would people rate this generated audio?"

THEME_BUTTON = "Switch between light and dark"


class Bounds:
    """What visitors are told who want more than their share, or wait for it."""

    LINE_FULL = "Too many visitors are waiting to have clips scored. Try again in a minute."
    TRAININGS_FULL = "Too many trainings are waiting. Try again later."
    SWEEPS_FULL = "Too many sweeps are waiting. Try again later."
    QUEUE = "{most} requests from your network are waiting already. Try again when some have been answered."
    CLIPS = "More than {most} clips from your network would wait for a score. Wait until some have been scored."
    TRAININGS = "{most} trainings from your network are going on or wait already. Wait until one has ended."
    SWEEPS = "{most} sweeps from your network are going on or wait already. Wait until one has ended."
    UPLOADS = "This server takes {most} MB a day from your network, and has them. Try again tomorrow."
    STUDIES = "{most} listening studies were set up from your network within a day. Try again tomorrow."
    NO_LENGTH = "An upload says how long it is (Content-Length)."
    DISK_FULL = "The disk of this server is full. Tell whoever runs it."
    ORDINALS = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth")

    @classmethod
    def in_line(cls, number: int, seconds: float | None) -> str:
        """Says where one stands in a line, and for about how long."""
        place = cls.ORDINALS[number - 1] if number <= len(cls.ORDINALS) else f"Number {number}"
        if seconds is None:
            return f"{place} in line."
        wait = f"{max(1, round(seconds))} s" if seconds < 100 else f"{round(seconds / 60)} min"
        return f"{place} in line, about {wait}."


class Tabs:
    """Labels of the tabs."""

    PREDICT = "Predict"
    MARGIN = "Margin"
    ABOUT = "About"


class Choices:
    """Texts about predictors and encoders that can be chosen."""

    STATES: ClassVar[dict[str, str]] = {
        "ready": "ready",
        "download": "download {size}",
        "unreachable": "not reachable, {size}",
        "damaged": "cannot be opened",
        "missing": "needs a package",
    }
    NEEDS = "Needs {size} of published weights first ({licence}); they are downloaded once and stay on this machine."
    DOWNLOAD = "Download {size}"
    CHECKING = "The real predictor is being read and checked ({size}, about {seconds} s). Clips can be added meanwhile."
    NO_PREDICTOR = "The predictor could not be loaded: {problem}"
    NO_PROMPTS_STUDY, NO_PROMPTS_ENCODER = "this study has no prompts", "this encoder reads no prompts"
    LEFT_OUT = "{axes} is left out: {why}."


class Api:
    """What programs are told that call the endpoints."""

    NO_FILE = "not a file: {file!r}; upload it first and send the path that the upload answers"
    NOT_UPLOADED = (
        "{path} is not an uploaded file; upload it first (gradio_client's handle_file does, or POST "
        "/gradio_api/upload). This server opens no path of its own and fetches no address"
    )
    NO_LIST = "{what} is a list of uploaded files"
    HOW_MANY = "{n} {what}; a call takes {least} to {most}"
    NOT_AS_MANY = "{n} {what} for {of} {whole}; give one each, or none at all"
    NOT_READY = "the predictor {name} is not ready: {note} /predictors lists those that are"
    SCORING = "Scoring"
    SHORT_WINDOW = "windows of this clip last {shortest:g} s or more, not {seconds:g} s"
    DRAWS = "draws are {least} to {most}, not {draws}"
    TOO_MUCH = "{what} is 0 to {most}, not {given}"
    NO_REPORT = "a report is html, zip or empty, not {report!r}"
    ONE_STUDY = "give either uploaded {what} or the name of a study"
    NOT_HERE = "the study {name} is not on this server; /studies lists those that are"
    SAME_NAME = "two predictors are called {name!r}; tell them apart with names"
    SIMULATED = "Music by simulated systems, rated by simulated listeners; no evidence about people."
    BROKE = "the server failed ({kind}); its log says more"


class Mcp:
    """What agents are told."""

    INSTRUCTIONS = (
        "Predicts how people would rate generated audio, and holds predictions against human ratings. Every number "
        "says where it comes from (human, zero-shot or simulated); intervals that overlap decide nothing. Score clips "
        "before and after a change of a generator, compare predictors with ratings, rank systems by votes, plan a "
        "listening test."
    )
    FILES = (
        "A file is given as a data URL with its content, data:audio/wav;name=a.wav;base64,… (64 MB a call), or as the "
        "path that POST /gradio_api/upload answered. No other path or address is opened."
    )
    NO_DATA = "{name} is neither a data URL in base64 nor an uploaded path"
    NOT_INSTALLED = "MCP needs the package mcp: pip install 'qamro[mcp]'"


class Making:
    """Texts about heads that the server makes by itself."""

    BEGINNING = "beginning"
    MAKING = "Heads are being made here by the recipe {recipe}, from ratings by people: {text}"
    FAILED = "Heads by the recipe {recipe} could not be made: {text}"
    NO_STORAGE = "it needs the Space's persistent storage ({storage}): what is made elsewhere is gone at the next start"


class Share:
    """Texts of what is shared by a link."""

    ENDED = "This link has ended. It works while the page on which it was made is open, a day at most."
    FAILED = "The page could not be written: {problem}"
    NOTHING = "There is nothing here to share yet."
    NO_PLAN = "A plan has no page of its own: share the address of this page."
    SCORES = "Predicted scores of {n} clips by {predictor}"
    WORDS: ClassVar[dict[str, str]] = {
        "share": "Share",
        "busy": "Writing the page …",
        "link": "Link to this view",
        "copy": "Copy",
        "copied": "Copied",
        "save": "Save as a file",
        "open": "Open",
        "note": "Whoever has the link or the file sees names, prompts and numbers, and may hear small clips. The link "
        "ends about an hour after this page is closed, the file opens anywhere.",
    }


class Download:
    """Texts of a download that a visitor asked for."""

    FETCHING = "Downloading {title}: {done} of {all}"
    FETCHED = "{title} is ready."
    STOPPED = "Stopped. The next download goes on where this one ended."
    FAILED = "The download failed: {problem}"


class Predict:
    """Texts of the Predict tab."""

    CLIPS = "Clips"
    CLIPS_NOTE = (
        "Bring generated audio: a predictor says how people would rate each clip, and how far it may be off. "
        "The same file always gets the same score."
    )
    AXES = "What the six axes mean"
    NO_QUALITY = "More is not better."
    SYSTEMS = "Systems"
    RECORD = "Record with the microphone"
    RECORDING = "recording"
    EXAMPLES = "Or try an example"
    ALL_EXAMPLES = "All {n}"
    PREDICTOR = "Predictor"
    SCORE = "Score"
    SCORE_N = "Score {n} clips"
    SCORE_ONE = "Score 1 clip"
    SCORE_AGAIN = "Score again"
    AUTO = "By itself up to {most} clips"
    MANY = "{n} clips wait. Press Score."
    VERDICT_LATER = "The verdict comes with the last score."
    CANCEL = "Cancel"
    CSV = "CSV"
    JSON = "JSON"
    AXIS = "Axis"

    CLIP_WORDS: ClassVar[dict[str, str]] = {
        "drop": "Drop clips or folders here",
        "more": "Drop more clips here",
        "formats": "wav, flac, mp3, ogg, m4a, opus … A CSV or .jsonl with columns clip, "
        "prompt, system fills in the table.",
        "files": "Choose files",
        "folder": "Choose a folder",
        "uploading": "Uploading {done} of {all}",
        "lost": "{n} could not be uploaded",
        "caption": "Clips with their predicted scores and 90 % intervals",
        "clip": "Clip",
        "prompt": "Prompt",
        "system": "System",
        "prompt_hint": "Prompt",
        "system_hint": "By what?",
        "prompt_of": "Prompt of {clip}",
        "system_of": "System of {clip}",
        "play": "Play {clip}",
        "pause": "Pause {clip}",
        "remove": "Remove {clip}",
        "clear": "Remove all",
        "count": "{n} clips",
        "count_one": "1 clip",
        "tip": "Paste a column to fill the rows below. Enter scores.",
        "sort": "Sort by {column}",
        "new": "not scored yet",
        "waiting": "waiting",
        "stopped": "not scored: stopped",
        "failed": "not scored",
        "none": "–",
        "none_TA": "no prompt",
        "changed": "prompt changed",
        "interval": "90 % interval {low} to {high}",
        "top": "top of the scale",
        "bottom": "bottom of the scale",
        "of": "of {high}",
        "scale": "{name}: {definition} Scale of {low} to {high}.",
        "no_quality": "More is not better.",
        "sources": "What made these numbers?",
        "outside": "unlike the training clips: a guess, without an interval",
        "edge": "at the edge of the training clips",
    }
    PLAYER_WORDS: ClassVar[dict[str, str]] = {
        "no_prompt": "no prompt",
        "failed": "not scored",
        "unplayable": "This file cannot be played.",
    }
    CHART_WORDS: ClassVar[dict[str, str]] = {"save": "Save as {format}", "failed": "The figure could not be drawn."}

    DETAIL_WINDOWS = "Over time"
    DETAIL_WINDOWS_NOTE = "Each step is a window, scored by itself, at its place on the scale. Click to hear it."
    DETAIL_WINDOWS_WAITING = "Scoring each window by itself …"
    DETAIL_AXES = "All axes"
    DETAIL_AXES_NOTE = "From the lowest score of each scale to the highest. Band: 90 % interval, where one is known."
    SYSTEMS_NOTE = (
        "Bars: mean predicted score of a system's clips. Whiskers: 90 % t-interval of the mean over its clips. "
        "They show how clips vary, not how far the predictor may be off."
    )

    WELCOME = "Clips stay on the machine that serves this page. This browser finds them again for a day."
    LOADING = "Loading the predictor …"
    SCORING = "Scored {done} of {all}"
    STOPPING = "Stopping …"
    DONE = "{good} of {all} clips scored."
    DONE_FAILED = "{good} of {all} clips scored. {failed} could not be; the table says why."
    STOPPED = "Stopped: {good} of {all} clips scored."
    STOPPED_EARLY = "Stopped before the first clip."
    NOTHING = "Add a clip first."
    ADDED_TWICE = "{n} already in the list"
    SKIPPED = "{n} skipped (not audio)"
    MANIFEST = "{file} named {n} of {all} clips"
    MANIFEST_LEFT = "No clip here is called {names}"
    MANIFEST_BAD = "{file} was not used: {problem}"
    TOO_MANY = "Only the first {most} clips were taken."
    TOO_LARGE = "Only clips of {most} MB in all were taken."
    DOWNLOAD_FIRST = "{title} needs its weights first: press Download, or choose another predictor."
    BROKE = "Scoring stopped with an error: {problem}"


class About:
    """Texts of the About tab."""

    TERMS = "Terms"
    TERMS_NOTE = "Every word of the field that this app uses."

    PAGE = """
## What the numbers are

QAMRO predicts the score that a panel of listeners would give a clip. Predictions stand in for listening
tests when there are too many clips to hear; they do not replace one.

{axes}

**Every score says where it comes from.**

{kinds}

**The interval** beside a score is a 90 % interval from split conformal calibration.
It is calibrated on clips that the predictor had never seen: about nine of ten *like those* fall inside.
On audio of another kind it promises less.

**TA needs a prompt.** Without one it stays empty.

## What happens to your files

They stay on the machine that serves this page, in a temporary folder that other visitors cannot list.
After a day they are deleted.
The app opens no connection to anywhere else, unless you press a button that says what it fetches.

## The method

QAMRO is a training loss that ranks clips with a margin that adapts to how far listeners set them apart.
Mistakes among good clips weigh more. The paper:
[QAMRO: Quality-aware Adaptive Margin Ranking Optimization for Human-aligned Assessment of Audio Generation
Systems](https://arxiv.org/abs/2508.08957). With y the human score and ŷ the prediction, over pairs of clips that
listeners rated differently,

$$ L = \\operatorname{{mean}} \\; q_{{ij}} \\,
\\max\\big(0,\\, m_{{ij}} - s_{{ij}} (\\hat y_i - \\hat y_j)\\big) $$

$$ s_{{ij}} = \\operatorname{{sign}}(y_i - y_j), \\quad m_{{ij}} = \\alpha |y_i - y_j| $$

$$ q_{{ij}} = 1 + (\\beta - 1) \\max(\\tilde y_i, \\tilde y_j), $$

where ỹ is y mapped to 0 to 1, from the lowest to the highest score of the batch.

Which loss and which ratings a predictor was trained with is on the card beside its weights. The Margin tab takes the
loss apart.

The same verbs run without a browser: `python -m qamro predict FOLDER --out scores.csv`.
Code: Apache-2.0. Version {version}.
"""
