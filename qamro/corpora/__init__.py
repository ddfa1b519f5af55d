"""Corpora of millions of clips: scored shard by shard into a folder, by one machine or many, and read back streamed."""

from qamro.corpora.folder import Corpus, Progress, open_corpus
from qamro.corpora.local import score_here
from qamro.corpora.manifest import Entry, is_manifest, read_entries

__all__ = ["Corpus", "Entry", "Progress", "is_manifest", "open_corpus", "read_entries", "score_here"]
