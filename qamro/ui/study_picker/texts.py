"""Every text of the study picker."""

from __future__ import annotations


class Picker:
    """Texts that the server writes."""

    SIMULATED = "Simulated study"
    SIMULATED_NOTE = "144 clips of music with known faults, rated by simulated listeners; no evidence about people"
    DETAILS = "{size} · {licence}"
    SIZE_UNKNOWN = "size unknown"
    OF_SIZE = "{here} of {size}"
    MAKING = "Making the simulated study: {done} of {all} clips"
    OPENING = "Opening {name} …"
    FETCHING = "Fetching {name}: file {file} of {files}, {size}"
    UNPACKING = "Unpacking: {mb:.0f} MB"
    READING = "Reading the files …"
    IMPORTING = "Importing {name} …"
    STOPPED = "Stopped. Nothing was changed; fetching goes on where it ended."
    UNKNOWN = "There is no study {name!r} here."
    NO_FETCH = "{name} could not be fetched: {problem}. Is there a network? What arrived is kept; try again. {obtain}"
    NO_AUDIO = (
        "{name} has ratings but no sound on this machine ({n} clips), and this page needs to hear the clips. "
        "Choose another study, or bring its clips along."
    )
    NO_SOUND = (
        "No sound was found for the {n} clips of {name}, and this page needs to hear them. Drop the sound files "
        "together with the ratings, or a zip of both; their names must be those of the clips."
    )
    NOT_OURS = "These files did not arrive; drop them again."
    NOTHING = "nothing was brought along yet"
    NO_SCALE = "a scale needs two numbers, the lowest and the highest score"
    BROKE = "The study could not be opened: {problem}"
    SOME_AUDIO = "{n} of {all} clips have no sound here"
    REPEATS = "{n} repeated ratings are averaged: a rater counts once for each clip and axis."
    OFF_SCALE = "{n} ratings lie off their axis's scale and are kept as found ({axes})"
    MAPPED = "{axis}: scale {scale}"
    RATERS = "{n} raters"
    ANONYMOUS = "anonymous ratings"
    MEANS = "means only, no single ratings"


WORDS = {
    "legend": "Study",
    "upload": "Bring your own",
    "upload_note": "A table of ratings in almost any form, or a zip of ratings and clips.",
    "here": "on this machine",
    "fetch": "Fetch",
    "ask": "by hand",
    "drop": "Drop ratings here, with the clips or without",
    "formats": "CSV (a row a rating, or a column a rater or axis), webMUSHRA results, Audiobox-Aesthetics JSON lines, "
    "MusicEval lists; sound files; zips of any of these.",
    "files": "Choose files",
    "uploading": "Uploading {done} of {all}",
    "failed": "{n} could not be uploaded",
    "stop": "Stop",
    "change": "Change study",
    "keep": "Keep this study",
    "take_home": "Download as zip",
    "packing": "Packing …",
    "counts": "{clips} clips, {systems} systems, {ratings} ratings, {raters}",
    "audio": "{audio} of {clips} clips with sound",
    "audio_none": "no sound",
    "axes": "Ratings found: {axes}",
    "human": "human",
    "simulated": "simulated",
    "page": "its page",
    # What waits for its import
    "waiting": "{name}: check what was guessed, then import",
    "read_as": "Read as",
    "because": "because: {why}",
    "file": "Ratings in",
    "and_more": "{first} and {n} more",
    "headers": "The headers of the ratings name",
    "headers_rater": "raters",
    "headers_axis": "axes",
    "headers_both": "an axis and a rater each",
    "columns": "Columns",
    "column": "Column",
    "holds": "Holds",
    "means": "Means",
    "of_axis": "Axis",
    "of_rater": "Rater",
    "chosen": "chosen by you",
    "scales": "Scales",
    "scales_note": "Scores stay as they are unless you say otherwise. With a scale declared, a score off it is an "
    "error; with another one wanted, scores are moved along a straight line.",
    "axis": "Axis",
    "call": "Call it",
    "found": "Found",
    "found_of": "{low} to {high} in {ratings} ratings",
    "given_on": "Given on",
    "wanted_on": "Wanted on",
    "as_found": "as found, no scale declared",
    "as_given": "the same scale",
    "likely": "{low} to {high}, likely",
    "scale": "{low} to {high}",
    "other": "another …",
    "lowest": "Lowest score",
    "highest": "Highest score",
    "set": "Set",
    "by_rater": "Raters used different scales",
    "pseudonyms": "Call raters R1, R2, … instead of what the file calls them",
    "first": "The first ratings, as they will be",
    "clip": "Clip",
    "rater": "Rater",
    "score": "Score",
    "nobody": "anonymous",
    "was": "was {score}",
    "totals": "{ratings} ratings of {clips} clips by {raters} raters",
    "totals_anonymous": "{ratings} anonymous ratings of {clips} clips",
    "sounds": "sound files: {n}",
    "import": "Import",
    "put_away": "Put away",
}
