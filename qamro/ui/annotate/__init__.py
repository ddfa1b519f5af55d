"""The Annotate tab: set up a listening study, rate blind in the browser, take the ratings home."""
