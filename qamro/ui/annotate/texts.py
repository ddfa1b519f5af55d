"""Every text of the Annotate tab."""

from __future__ import annotations

BROKE = "The server could not do this ({problem}). Try again; what was confirmed is safe."


class Setup:
    """Texts of the set-up that the server writes."""

    READING = "Reading the clips …"
    COPIED = "Prepared {done} of {all} clips"
    NO_PREDICT = "there are no clips on the Predict tab; add some there, or choose another source"
    NO_HANDED = "no clips were handed over; ask for them in Compare, view Systems"
    NO_FILES = "add clips first, or a zip of a study"
    NOT_ALLOWED = "only the owner of this server sets studies up; the owner's token is missing or wrong"
    OWN_BAD = "the line {line!r} is not an axis; write a name, the lowest and the highest score: naturalness, 1, 5"
    NOT_WHOLE = "{field}: {number:g} is not a whole number"
    NO_NUMBER = "{field}: {text!r} is not a number of zero or more"
    BROKE = "The study could not be set up: {problem}"


class Compare:
    """Texts of the comparison after finishing."""

    OWN = "your score"
    PREDICTOR = "Predictor"
    PANEL_NAME = "Panel"
    HOVER = "clip {n}: you {own:g}, {name} {other:.2f}"
    ALT = "Your scores against the predictor's and the panel's, one figure for each axis"
    REPEATS = "Clips that came twice: {n}; your two answers differ by {share} % of the scale on average."
    CHECKS = "You passed {passed} of {n} attention checks."
    AGREE_PREDICTOR = "You agree with the predictor ({axis}) on {n} of {all} pairs, ties left out."
    AGREE_PANEL = "You agree with the panel's majority on {n} of {all} pairs, ties left out."
    SOURCE = "Predictor, {axes}: {source}"
    NO_PREDICTIONS = "The predictor has no scores for what you rated."
    PANEL = "The panel is the mean of {n} to {most} other raters who have finished; never of fewer than {n}."
    NO_PANEL = "The panel's means appear once {n} other raters have finished, so that nobody's ratings can be told."


RATE_WORDS = {
    "title": "Listening study",
    "begin": "Begin",
    "intro_clips": "You will hear clips one after the other and score each on what is asked. No answer is wrong.",
    "intro_pairs": "You will hear pairs of clips and say which one you prefer. No answer is wrong.",
    "intro_heard": "A score can be confirmed once you have heard the whole clip, or {seconds} seconds of it.",
    "intro_repeats": "Some come twice. That is meant so.",
    "intro_checks": "Some are only beeps: count them, and give their number as the score on every scale that has it.",
    "intro_checks_pairs": "Sometimes one of the two is only beeps: then prefer the other.",
    "intro_open": "The study ends when it has the ratings that it needs, maybe before you have heard all of it.",
    "intro_ear": "Use headphones in a quiet place, and leave the volume as it is once it is comfortable.",
    "intro_private": "No name is asked for. Other raters never see your scores; the owner of the study sees them under "
    "a random code. You can stop at any time and come back with your personal link.",
    "what": "What you will score",
    "keys": "Keys",
    "keys_scores": "1–9, 0|score (0 is ten);← →|one step down, up;↑ ↓|other scale;Enter|confirm;"
    "Space|play, pause;U|undo",
    "keys_pairs": "1 or ←|left is better;2 or ↓|no difference;3 or →|right is better;Enter|confirm;"
    "Space|play, pause;S|switch at the same place;U|undo",
    "progress": "{at} of {total}",
    "progress_open": "{at} of at most {total}",
    "ended": "This study has ended",
    "ended_note": "It has the ratings that it needs. Thank you for coming.",
    "all_rated_ended": "The study has the ratings that it needs. Thank you!",
    "progress_label": "Progress",
    "play": "Play",
    "pause": "Pause",
    "seek": "Position",
    "side_a": "A",
    "side_b": "B",
    "switch": "Switch A / B",
    "prompt": "Asked for",
    "listen_more": "Listen {seconds} s more",
    "listen_both": "Listen to both: {seconds} s more",
    "choose": "Choose a score on each scale",
    "choose_pair": "Choose an answer",
    "ready": "Ready",
    "confirm": "Confirm",
    "saving": "Saving …",
    "saved": "Saved",
    "undo": "Undo",
    "pause_study": "Stop and come back",
    "link_title": "Your personal link",
    "link_note": "Keep it: it is the only way back to where you stopped. Anyone who has it can rate as you.",
    "copy": "Copy",
    "copied": "Copied",
    "close": "Back to rating",
    "left_better": "A is better",
    "right_better": "B is better",
    "tie": "No difference",
    "unplayable": "This sound could not be loaded. Reload the page; nothing confirmed is lost.",
    "offline": "The server does not answer. Nothing confirmed is lost; try again.",
    "retry": "Try again",
    "all_rated": "All rated. Thank you!",
    "all_rated_note": "You may still take the last answer back. Finishing makes all final, and shows how they compare.",
    "finish": "Finish and compare",
    "finished": "Thank you. Your ratings are in.",
    "comparing": "Comparing with the predictor …",
    "yours": "You",
    "predicted": "Predictor",
    "panel": "Panel",
    "clip": "Clip",
    "axis": "Axis",
    "none": "–",
    "list": "Clip by clip",
    "figure_note": "Across: your score. Upward: the others'. On the dotted line both agree.",
    "hear": "Hear clip {n}",
    "save": "Save as {format}",
    "failed": "The figure could not be drawn.",
}

SETUP_WORDS = {
    "title": "Set up a listening study",
    "note": "Raters get a link, hear the clips blind and each in an order of their own; you get the ratings.",
    "plan": "How many clips and ratings are enough? Plan it.",
    "closed": "Studies can be set up once the owner of this server has set QAMRO_OWNER_TOKEN.",
    "source": "Clips",
    "upload": "Upload",
    "upload_note": "A zip of a study, or audio files; a CSV with clip, prompt, system names them.",
    "predict": "From the Predict tab",
    "predict_note": "The clips that lie there now, with their prompts and systems.",
    "handed": "Next to rate",
    "handed_note": "{n} clips that Compare names: their ratings shrink its intervals most.",
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
    "scores": "Scores",
    "scores_note": "Every clip on one or more scales.",
    "pairs": "A/B preference",
    "pairs_note": "Two systems on the same prompt: which is better? Ties are allowed.",
    "axes": "Axes",
    "own": "Own axes, one a line",
    "own_hint": "naturalness, 1, 5, How natural it sounds",
    "own_of": "{axis}, {low}, {high}",
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
    "repeats": "Repeated, for consistency",
    "checks": "Attention checks",
    "seconds": "Seconds to hear at least",
    "goal": "Who is rated most",
    "goal_even": "All alike",
    "goal_even_note": "Every clip as often as the others.",
    "goal_best": "Until the best is found",
    "goal_best_note": "Systems that have lost get no more ratings; it ends by itself.",
    "goal_order": "Until all are ordered",
    "goal_order_note": "Pairs that are clear get no more ratings; it ends by itself.",
    "goal_top": "Until the top is found",
    "goal_top_note": "As for the best, for the first few.",
    "goal_width": "Until each mean is exact enough",
    "goal_width_note": "Systems that are known well enough get no more ratings.",
    "top": "How many are the top",
    "width": "Exact to ± points",
    "equal_within": "Call equal within ± points",
    "equal_hint": "never",
    "goal_first": "The first axis decides who is rated next. Every clip needs a system.",
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
    "race": "Race",
    "race_close": "Close",
    "race_stop": "Stop now",
    "race_sure": "Stop for good?",
    "race_system": "System",
    "race_mean": "Mean",
    "race_interval": "95 % interval",
    "race_ratings": "Ratings",
    "race_in": "Still needs ratings",
    "race_yes": "yes",
    "race_no": "no",
    "race_note": "The intervals hold for all systems at once, however often you look.",
    "delete": "Delete",
    "sure": "Delete for good? Answers: {rated}",
    "deleted": "{name} is deleted.",
    "preparing": "Preparing …",
}
