"""A server of ratings as a process of its own: confirms a rating a line, until it is killed.

Usage: python killed.py FOLDER TOKEN
"""

from __future__ import annotations

import sys

from qamro.studies.listening import RatingStore, session

if __name__ == "__main__":
    store = RatingStore(sys.argv[1])
    token, number = sys.argv[2], 0
    state = session.state(store, token)
    while state["task"] is not None:
        task = state["task"]["id"]
        score = float(1 + number % 5)
        state = session.rate(store, token, task, {"MI": score}, [0.0])
        print(task, score, flush=True)  # only now is it confirmed
        number += 1
