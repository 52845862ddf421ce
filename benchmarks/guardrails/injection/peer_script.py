"""Runs in a peer's own environment: reads texts as JSON lines, writes what it says of each, and how long it took.

`python peer_script.py NAME`: a number a line (the larger, the more of an attack), and the seconds that it took.
"""

import json
import sys
import time
from collections.abc import Callable


def picket() -> Callable[[str], float]:
    from aicordon import picket as peer  # type: ignore[import-not-found]  # In the peer's environment.

    detector = peer.load()
    return lambda text: float(detector.check(text).flagged)


def guardify() -> Callable[[str], float]:
    from guardify import LogisticRegressionGuardrail  # type: ignore[import-not-found]  # As above.

    guard = LogisticRegressionGuardrail()

    def injection(text: str) -> float:
        told = guard.predict(text)
        return float(told["score"] if told["label"] == "injection" else 1 - told["score"])

    return injection


def cloneguard() -> Callable[[str], float]:
    from cloneguard.mini_semantic import MiniSemanticClassifier  # type: ignore[import-not-found]  # As above.

    classifier = MiniSemanticClassifier()
    if not classifier.available:
        raise SystemExit("cloneguard's classifier cannot be loaded here")

    def malicious(text: str) -> float:
        told = classifier.classify(text)
        return float(1 - told.confidence if told.verdict == "SAFE" else told.confidence)

    return malicious


def main() -> None:
    judge = {"picket": picket, "guardify": guardify, "cloneguard": cloneguard}[sys.argv[1]]()
    judge("Warm up.")
    for line in sys.stdin:
        text = json.loads(line)
        begun = time.perf_counter()
        said = judge(text)
        print(json.dumps([said, time.perf_counter() - begun]), flush=True)


if __name__ == "__main__":
    main()
