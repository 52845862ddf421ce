"""What is to be run, and what came of it, as both sides of the sandbox know them."""

import msgspec


class Limits(msgspec.Struct, frozen=True):
    """`memory` and `file` are bytes, the latter of each file; `network` opens sockets, and makes do without the fence
    where the machine has none."""

    seconds: float = 5.0
    memory: int = 512 << 20
    file: int = 16 << 20
    network: bool = False


class Code(msgspec.Struct, frozen=True, tag="code"):
    """Python to run, and then each of the `tests`, which see what it has defined."""

    source: str
    tests: tuple[str, ...] = ()


class Call(msgspec.Struct, frozen=True, tag="call"):
    """A function to call with these arguments, by `module:name`, found along `path`. It gives back what JSON holds."""

    function: str
    arguments: tuple[str, ...]
    path: tuple[str, ...] = ()


class Job(msgspec.Struct, frozen=True):
    """`word` is given back with the result: code that ends its process early, or writes a result itself, has not
    heard of it."""

    word: str
    limits: Limits
    readable: tuple[str, ...]
    folder: str
    fenced: bool
    work: Code | Call


class Ran(msgspec.Struct, frozen=True):
    """What came of `Code`: what it raised, and what each test did; "" where nothing was raised."""

    raised: str
    tests: tuple[str, ...] = ()


class Result(msgspec.Struct, frozen=True):
    """`raised` is what a `Call` raised."""

    word: str
    ran: Ran | None = None
    value: bool | float | str | None = None
    raised: str = ""
