"""Every text of the study chooser."""

from __future__ import annotations


class Bring:
    """Texts that the server writes."""

    SIMULATED = "Simulated study"
    SIMULATED_NOTE = "144 clips of music with known faults, rated by simulated listeners; no evidence about people"
    DETAILS = "{size} · {licence}"
    SIZE_UNKNOWN = "size unknown"
    MAKING = "Making the simulated study: {done} of {all} clips"
    OPENING = "Opening {name} …"
    FETCHING = "Fetching {name}: {file} of {files} files, {size}"
    READING = "Reading the files …"
    STOPPED = "Stopped. Nothing was changed; fetching goes on where it ended."
    UNKNOWN = "There is no study {name!r} here."
    NO_FETCH = "{name} could not be fetched: {problem}. {obtain}"
    NO_AUDIO = (
        "{name} has ratings but no sound on this machine ({n} clips), and this page needs to hear the clips. "
        "Choose another study, or bring its clips along."
    )
    NOT_OURS = "These files did not arrive; drop them again."
    BROKE = "The study could not be opened: {problem}"
    SOME_AUDIO = "{n} of {all} clips have no sound here"
    OFF_SCALE = "{n} ratings lie off their axis's scale and are kept as found ({axes})"
    RATERS = "{n} raters"
    ANONYMOUS = "anonymous ratings"
    MEANS = "means only, no single ratings"


WORDS = {
    "legend": "Study",
    "upload": "Bring your own",
    "upload_note": "Ratings as CSV, JSON lines or txt, or a zip of ratings and clips.",
    "here": "on this machine",
    "fetch": "Fetch",
    "ask": "by hand",
    "drop": "Drop ratings here, with clips or without",
    "formats": "CSV, JSON lines, txt or zip; sound files beside them if you have them",
    "files": "Choose files",
    "uploading": "Uploading {done} of {all}",
    "failed": "{n} could not be uploaded",
    "stop": "Stop",
    "change": "Change study",
    "counts": "{clips} clips, {systems} systems, {ratings} ratings, {raters}",
    "audio": "{audio} of {clips} clips with sound",
    "audio_none": "no sound",
    "axes": "Ratings found: {axes}",
    "human": "human",
    "simulated": "simulated",
    "none": "No study chosen yet.",
    "page": "its page",
}
