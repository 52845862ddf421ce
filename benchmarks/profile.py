"""`python -m benchmarks.profile SUBJECT`: where a subject's time goes under load, by py-spy."""

import argparse
import asyncio
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from benchmarks.load import WrongAnswers, closed_loop
from benchmarks.measures import warm
from benchmarks.running import LOAD_CORE, Running, SubjectFailed, helper, up
from benchmarks.subjects import DIRECT, PEER, SUBJECTS, install_litellm
from benchmarks.traffic import streams, whole_calls
from benchmarks.ways import CHAT_WAY, WAYS


@dataclass
class Profile:
    """Samples by function: `own` while it ran itself, `total` while it or what it called did."""

    samples: int = 0
    own: Counter[str] = field(default_factory=Counter)
    total: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, stacks: Iterable[str]) -> "Profile":
        """Reads collapsed stacks: frames from the outermost in, joined by semicolons, then a count."""
        profile = cls()
        for line in stacks:
            stack, _, count = line.rstrip().rpartition(" ")
            frames = stack.split(";")
            profile.samples += int(count)
            profile.own[frames[-1]] += int(count)
            for frame in set(frames):
                profile.total[frame] += int(count)
        return profile

    def table(self, lines: int) -> str:
        """The functions that used most, themselves and with what they called."""
        parts = []
        # What is on nearly every stack is the way in, and says nothing.
        called = Counter({name: count for name, count in self.total.items() if count < 0.8 * self.samples})
        for title, counted in (("own", self.own), ("with callees", called)):
            rows = [f"{count / self.samples:6.1%}  {name}" for name, count in counted.most_common(lines)]
            parts.append("\n".join([f"{title}, of {self.samples} samples", *rows]))
        return "\n\n".join(parts)


async def record(options: argparse.Namespace, upstream: str, sink: str, file: Path) -> None:
    """Loads the subject while py-spy watches all its processes."""
    async with up(SUBJECTS[options.subject], upstream, sink, complete=False) as running:
        await warm(running, 1.0)
        assert running.process is not None
        command = ["record", "--pid", str(running.process.pid), "--duration", str(options.seconds), "--subprocesses"]
        command += ["--rate", "500", "--format", "flamegraph" if options.flame else "raw", "--output", str(file)]
        command += ["--native"] if options.native else ["--function"]
        spy = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("py-spy")), *command, stdout=asyncio.subprocess.DEVNULL
        )
        await _load(running, options)
        if await spy.wait():
            raise SystemExit("py-spy could not watch the subject; is it installed, and may it trace children?")


async def _load(running: Running, options: argparse.Namespace) -> None:
    number = running.next_number()
    way = next(way for way in WAYS if way.name == options.way)
    load, model = (streams, way.paced_model) if options.streams else (whole_calls, way.model)
    traffic = load(running.target, number, model, way.api)
    # A little longer than py-spy watches, which takes a moment to attach.
    tally = await closed_loop(traffic, options.connections, seconds=options.seconds + 1.0)
    tally.checked(options.subject)
    print(f"{tally.calls / tally.seconds:,.0f} calls a second while watched", file=sys.stderr)


def main() -> None:
    """Prints the table, or writes the flame graph."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile", description="Where a subject's time goes.")
    parser.add_argument("subject", choices=[name for name in SUBJECTS if name != DIRECT.name])
    parser.add_argument("--streams", action="store_true", help="load it with paced streams instead of whole calls")
    parser.add_argument(
        "--way", choices=[way.name for way in WAYS], default=CHAT_WAY.name, help="the API it is asked in"
    )
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--lines", type=int, default=30, help="of each table")
    parser.add_argument(
        "--native", action="store_true", help="show the functions of compiled modules too, line by line"
    )
    parser.add_argument("--under", default="", help="only what ran below a function, such as run_background")
    parser.add_argument("--flame", type=Path, help="write a flame graph (SVG) here instead of the tables")
    options = parser.parse_args()
    if options.subject == PEER.name:
        install_litellm(print)
    os.sched_setaffinity(0, {LOAD_CORE})
    with (
        tempfile.TemporaryDirectory() as folder,
        helper("benchmarks.upstream") as upstream,
        helper("benchmarks.sink") as sink,
    ):
        file = options.flame or Path(folder) / "stacks"
        try:
            uvloop.run(record(options, upstream, sink, file))
        except (SubjectFailed, WrongAnswers) as failure:
            raise SystemExit(str(failure)) from None
        if not options.flame:
            stacks = [stack for stack in file.read_text().splitlines() if options.under in stack]
            print(Profile.of(stacks).table(options.lines) if stacks else f"no sample was under {options.under!r}")


if __name__ == "__main__":
    main()
