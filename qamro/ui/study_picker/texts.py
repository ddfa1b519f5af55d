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
        "together with the ratings, or a zip of both. Their names must be those of the clips."
    )
    NOT_OURS = "These files did not arrive; drop them again."
    NOTHING = "nothing was brought along yet"
    NO_EFFECT = "That would change nothing: the ratings are read the same way with it and without it."
    NO_READING = "this question was answered already"
    ASKS = "Say first what the scores that look like codes are: leave them out, or keep them."
    CODE = "Leave out {value:g}: {where}"
    CODE_WHERE = "{times} on {axis}, where all other scores lie from {low:g} to {high:g}"
    ONCE, TIMES = "once", "{n} times"
    NO_SCALE = "a scale needs two numbers, the lowest and the highest score"
    BROKE = "The study could not be opened: {problem}"
    SOME_AUDIO = "{n} of {all} clips have no sound here"
    REPEATS = "{n} repeated ratings are averaged: a rater counts once for each clip and axis."
    OFF_SCALE = "{n} ratings lie off their axis's scale and are kept as found ({axes})"
    MAPPED = "{axis}: scale {scale}"
    RATERS = "{n} raters"
    ONE_RATER = "1 rater"
    ANONYMOUS = "anonymous ratings"
    MEANS = "means only, no single ratings"


CONTROLS = {
    "column": "columns",
    "scale": "scales",
    "missing": "codes",
    "rows": "rows",
    "answer": "answers",
    "header": "cut_header",
    "delimiter": "cut_delimiter",
    "encoding": "cut_encoding",
    "ragged": "cut_ragged",
}
"""The options of the command line that the page has a control for, and the word in ``WORDS`` that stands above it."""

WORDS = {
    "legend": "Study",
    "upload": "Bring your own",
    "upload_note": "A table of ratings in almost any form, or a zip of ratings and clips.",
    "here": "on this machine",
    "fetch": "Fetch",
    "ask": "by hand",
    "drop": "Drop ratings here, with the clips or without",
    "formats": "CSV: a row a rating, or a column a rater or axis. Results of webMUSHRA, JSON lines of "
    "Audiobox-Aesthetics, lists of MusicEval. Sound files, and zips of any of these.",
    "files": "Choose files",
    "uploading": "Uploading {done} of {all}",
    "failed": "{n} could not be uploaded",
    "stop": "Stop",
    "change": "Change study",
    "keep": "Keep this study",
    "take_home": "Download as zip",
    "packing": "Packing …",
    "counts": "{clips} clips, {systems} systems, {ratings} ratings, {raters}",
    "voted": "{clips} clips, {systems} systems, {votes} votes",
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
    "headers_system": "systems",
    "headers_clip": "clips",
    "columns": "Columns",
    "column": "Column",
    "holds": "Holds",
    "means": "Means",
    "of_axis": "Axis",
    "of_rater": "Rater",
    "chosen": "chosen by you",
    "question": "One thing has to be said before these files can be read",
    "first_answer": "Answer the framed question first.",
    "codes": "Scores that look like “no answer”",
    "codes_note": "Ticked ones are left out of the ratings; the others count as scores.",
    "keep_all": "They are scores: keep them",
    "cut": "How the lines are cut",
    "cut_header": "Header",
    "cut_delimiter": "Between columns",
    "cut_encoding": "Letters",
    "cut_auto": "find out",
    "header_0": "none: the first line is data, too",
    "header_1": "one line",
    "header_2": "two lines",
    "header_3": "three lines",
    "delimiter_comma": "comma",
    "delimiter_semicolon": "semicolon",
    "delimiter_tab": "tab",
    "delimiter_space": "space",
    "delimiter_pipe": "vertical bar",
    "encoding_utf-8": "UTF-8",
    "encoding_latin-1": "Latin-1",
    "encoding_cp1252": "Windows (1252)",
    "encoding_utf-16": "UTF-16",
    "encoding_shift_jis": "Shift-JIS",
    "encoding_gb18030": "GB 18030",
    "encoding_euc_kr": "EUC-KR",
    "encoding_cp1251": "Windows (1251)",
    "cut_ragged": "Longer or shorter rows",
    "ragged_drop": "leave them out",
    "ragged_fill": "fill them with empty cells",
    "answers": "What words stand for",
    "answers_ask": "What do these answers stand for?",
    "answers_sides": "For whom does each of these answers speak?",
    "answers_note": "A number for each word of the scale.",
    "answer_drop": "Forget",
    "side_a": "the first",
    "side_b": "the second",
    "side_tie": "neither is better",
    "side_both_bad": "both are bad",
    "word_+": "numbers above 0",
    "rows": "Rows",
    "rows_note": "Read only some rows: those that hold a value in a column, or all but those.",
    "row_is": "is",
    "row_is_not": "is not",
    "row_value": "Value",
    "row_add": "Read only these",
    "row_drop": "Read all again",
    "scales": "Scales",
    "scales_note": "Scores stay as they are unless you say otherwise. With a scale declared, a score off it is an "
    "error. With another one wanted, scores are moved along a straight line.",
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
    "totals_one": "{ratings} ratings of {clips} clips by one rater",
    "totals_anonymous": "{ratings} anonymous ratings of {clips} clips",
    "totals_votes": "{votes} votes between {systems} systems",
    "totals_votes_clips": "{votes} votes between {clips} clips",
    "sounds": "sound files: {n}",
    "import": "Import",
    "put_away": "Put away",
}

LIST = {"filter": "Filter the studies", "filtered_out": "No study is called so."}
"""What only the short list says; with it, the page draws one."""
