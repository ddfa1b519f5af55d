"""``python -m qamro``: the same verbs as the app, for a terminal."""

from qamro.cli import main

if __name__ == "__main__":
    main()
