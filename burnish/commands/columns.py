"""Rows of text in columns that stand under their names."""

from collections.abc import Container, Mapping, Sequence

from rich.console import Console
from rich.text import Text


def print_columns(rows: Sequence[Mapping[str, Text]], console: Console, right: Container[str] = ()) -> None:
    """Every row has the same columns. Those without any text are left out; those `right` are aligned at their ends."""
    names = [name for name in (rows[0] if rows else ()) if any(row[name] for row in rows)]
    widths = {name: max(len(name), *(row[name].cell_len for row in rows)) for name in names}
    for row in ({name: Text(name, "dim") for name in names}, *rows):
        line = Text()
        for name in names:
            blank = Text(" " * (widths[name] - row[name].cell_len))
            line.append_text(Text("  ") if line else Text())
            line.append_text(blank + row[name] if name in right else row[name] + blank)
        line.rstrip()
        console.print(line, soft_wrap=True)
