"""Corpora of millions of clips: scored shard by shard into a folder, by one machine or many, and read back streamed."""

from qamro.corpora.folder import Corpus, Progress, open_corpus
from qamro.corpora.local import score_here

__all__ = ["Corpus", "Progress", "open_corpus", "score_here"]
