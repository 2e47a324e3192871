"""Compare the gate with yrs on many histories: ``python -m tests.gate --histories 3000 --first 0``.

What they disagree on is kept in ``corpus.json``, which the tests look at from then on.
"""

import argparse
import random
import sys
from collections import Counter

from .corpus import keep
from .differential import Disagreement, compare, mutated
from .histories import histories_of_pycrdt, histories_of_yjs


def main() -> int:
    """Return how many histories showed a disagreement."""
    parser = argparse.ArgumentParser(prog="python -m tests.gate", description=__doc__.partition("\n")[0])
    parser.add_argument("--histories", type=int, default=3000, help="so many of each kind")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--mutate", action="store_true", help="break updates, and let the gate be stricter")
    options = parser.parse_args()
    failed = 0
    for make in (histories_of_pycrdt, histories_of_yjs):
        verdicts: Counter[str] = Counter()
        for seed, history in enumerate(make(options.first, options.histories), options.first):
            seen = list(mutated(history, random.Random(seed))) if options.mutate else history
            try:
                verdicts += compare(seen, may_be_stricter=options.mutate)
            except Disagreement as disagreement:
                failed += 1
                keep(f"{make.__name__}-{seed}", seen)
                print(f"{make.__name__} {seed}: {str(disagreement)[:200]}")
        print(f"{make.__name__}: {dict(verdicts)}")
    print(f"{failed} histories failed")
    return failed


if __name__ == "__main__":
    sys.exit(min(main(), 1))
