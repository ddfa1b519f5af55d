"""Texts of the Annotate tab for owners; what raters read stands in ``languages``."""

from __future__ import annotations


class Setup:
    """Texts of the set-up that the server writes."""

    READING = "Reading the clips …"
    COPIED = "Prepared {done} of {all} clips"
    NO_PREDICT = "there are no clips on the Predict tab; add some there, or choose another source"
    NO_FILES = "add clips first, or a zip of a study"
    NOT_ALLOWED = "only the owner of this server sets studies up; the owner's token is missing or wrong"
    OWN_BAD = "the line {line!r} is not an axis; write a name, the lowest and the highest score: naturalness, 1, 5"
    NOT_WHOLE = "{field}: {number:g} is not a whole number"
    NO_NUMBER = "{field}: {text!r} is not a number of zero or more"
    BROKE = "The study could not be set up: {problem}"


SETUP_WORDS = {
    "title": "Set up a listening study",
    "note": "Raters get a link, hear the clips blind and each in an order of their own; you get the ratings.",
    "closed": "Studies can be set up once the owner of this server has set QAMRO_OWNER_TOKEN.",
    "source": "Clips",
    "upload": "Upload",
    "upload_note": "A zip of a study, or audio files; a CSV with clip, prompt, system names them.",
    "predict": "From the Predict tab",
    "predict_note": "The clips that lie there now, with their prompts and systems.",
    "simulated": "Simulated study",
    "simulated_note": "24 clips of music with known faults, to try this out.",
    "drop": "Drop a zip or clips here",
    "files": "Choose files",
    "chosen": "{n} files ready",
    "chosen_one": "1 file ready",
    "remove": "Remove",
    "uploading": "Uploading {done} of {all}",
    "upload_failed": "{n} could not be uploaded",
    "mode": "What is asked",
    "axes": "Axes",
    "own": "Own axes, one a line",
    "own_hint": "naturalness, 1, 5, How natural it sounds",
    "question": "Question",
    "question_hint": "Which of the two is better?",
    "prompts": "Show prompts to raters",
    "name": "Title that raters see",
    "name_hint": "Spring listening test",
    "instructions": "Instructions",
    "instructions_hint": "What to listen for. Optional.",
    "each": "Clips a rater gets",
    "each_hint": "all",
    "each_pairs": "Pairs a rater gets",
    "trials": "Times each pair comes",
    "reference": "Reference, the name of a system",
    "reference_hint": "reference",
    "anchors": "Anchors, separated by commas",
    "anchors_hint": "anchor35, anchor70",
    "level": "Play all versions at one loudness",
    "choose": "Choose pairs by what their votes tell",
    "crowd": "For crowds and the lab",
    "crowd_note": "Links of Prolific and Mechanical Turk may be used as they are: participant and session are kept as "
    "hashes only.",
    "language": "Language",
    "any_language": "the rater's own",
    "headphones": "Raters pass a test for headphones first",
    "code": "Completion code",
    "code_hint": "one for each worker",
    "return_link": "Return link",
    "return_hint": "https://app.prolific.com/submissions/complete?cc={code}",
    "repeats": "Repeated, for consistency",
    "checks": "Attention checks",
    "seconds": "Seconds to hear at least",
    "token": "Owner's token",
    "create": "Create study",
    "made": "“{name}” is ready: {clips} clips.",
    "made_note": "Send this link to your raters.",
    "copy": "Copy link",
    "copied": "Copied",
    "open": "Rate it yourself",
    "another": "Set up another",
    "no_owner": "To take ratings home from here, start the server with QAMRO_OWNER_TOKEN set to a secret of yours.",
    "blind": "Raters see no names, systems or predictions. Sound is copied under random names, without its tags.",
}

RESULT_WORDS = {
    "title": "Results",
    "note": "For the owner of this server. The ratings of all come as one zip that “evaluate” and other tools read.",
    "none_set": "Start the server with QAMRO_OWNER_TOKEN set to a secret of yours; then this page lists your studies.",
    "token": "Owner's token",
    "show": "Show studies",
    "empty": "There are no studies yet.",
    "study": "Study",
    "raters": "Raters",
    "finished": "Finished",
    "rated": "Answers",
    "link": "Link for raters",
    "download": "Ratings",
    "download_audio": "With sound",
    "copy": "Copy link",
    "copied": "Copied",
    "delete": "Delete",
    "sure": "Delete for good? Answers: {rated}",
    "deleted": "{name} is deleted.",
    "preparing": "Preparing …",
}
