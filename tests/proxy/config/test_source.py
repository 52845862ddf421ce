"""Reading the YAML: scalars, lines, references, and files made to harm."""

from pathlib import Path

import pytest

from proxy.config.source import Source, read


def source_of(folder: Path, text: str | bytes, **env: str) -> Source:
    """The text, written to a file and read."""
    file = folder / "burnish.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(file, env)


def messages(source: Source) -> list[str]:
    """What is wrong with a file."""
    return [problem.message for problem in source.problems]


def test_words_times_and_dates_are_text(folder: Path) -> None:
    text = "{a: yes, b: off, c: 12:30, d: 2026-01-01, e: 010, f: 0x10, g: 1.5, h: null, i: ~, j: true, k: '1'}"
    assert source_of(folder, text).data == {
        "a": "yes", "b": "off", "c": "12:30", "d": "2026-01-01", "e": 10, "f": 16, "g": 1.5, "h": None, "i": None,
        "j": True, "k": "1",
    }  # fmt: skip


def test_keys_are_text_whatever_they_look_like(folder: Path) -> None:
    assert source_of(folder, "{4: a, true: b, null: c}").data == {"4": "a", "true": "b", "null": "c"}


def test_every_key_and_item_has_its_line(folder: Path) -> None:
    source = source_of(folder, "a:\n  b: |\n    long\n    text\n  c:\n    - x\n    - y\n")
    assert {where: mark.line for where, mark in source.marks.items()} == {
        (): 1, ("a",): 1, ("a", "b"): 2, ("a", "c"): 5, ("a", "c", 0): 6, ("a", "c", 1): 7,
    }  # fmt: skip


def test_a_place_without_a_line_has_that_of_what_holds_it(folder: Path) -> None:
    assert source_of(folder, "a: 1\nb:\n  c: 2\n").mark(("b", "missing", 3)).line == 2


def test_merged_keys_are_laid_under_those_written(folder: Path) -> None:
    source = source_of(folder, "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz:\n  <<: [*x, *y]\n  a: 5\n")
    assert source.data["z"] == {"a": 5, "b": 2, "c": 4}
    assert source.mark(("z", "a")).line == 5
    assert source.mark(("z", "c")).line == 2


def test_references_are_filled_in(folder: Path) -> None:
    (folder / "secret").write_text("from a file\n")
    text = """\
plain: ${env:A}
inside: "Bearer ${env:A}, ${file:secret}"
default: ${env:NONE:-fallback}
empty: "${env:NONE:-}"
escaped: "$${env:A} costs $5"
colon: ${env:NONE:-http://x:1}
"""
    assert source_of(folder, text, A="value", B="").data == {
        "plain": "value",
        "inside": "Bearer value, from a file",
        "default": "fallback",
        "empty": "",
        "escaped": "${env:A} costs $5",
        "colon": "http://x:1",
    }


def test_an_empty_variable_counts_as_unset(folder: Path) -> None:
    assert source_of(folder, "a: ${env:A:-default}", A="").data == {"a": "default"}
    assert "is not set" in messages(source_of(folder, "a: ${env:A}", A=""))[0]


def test_what_a_variable_holds_is_not_read_as_a_reference(folder: Path) -> None:
    assert source_of(folder, "a: ${env:A}", A="${file:/etc/passwd}").data == {"a": "${file:/etc/passwd}"}


def test_files_are_found_beside_the_configuration(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "token").write_text("t")
    assert source_of(elsewhere, "a: ${file:token}").data == {"a": "t"}


def test_a_file_that_is_there_but_unreadable_is_told_even_with_a_default(folder: Path) -> None:
    (folder / "binary").write_bytes(b"\xff\xfe")
    (folder / "big").write_bytes(b"x" * (2**20 + 1))
    text = "a: ${file:binary:-x}\nb: ${file:big:-x}\nc: ${file:.:-x}\n"
    assert messages(source_of(folder, text)) == [
        "file binary is not UTF-8 text",
        "file big cannot be read (it is larger than 1 MiB)",
        "file . cannot be read (Is a directory)",
    ]


def test_every_file_it_depends_on_is_known_found_or_not(folder: Path) -> None:
    (folder / "here").write_text("x")
    stamps = source_of(folder, "a: ${file:here}\nb: ${file:gone:-}\n").stamps
    assert {path.name: stamp is not None for path, stamp in stamps.items()} == {
        "burnish.yaml": True,
        "here": True,
        "gone": False,
    }


HARMFUL = {
    "aliases that multiply": (
        "\n".join(f"k{n}: &k{n} [{', '.join([f'*k{n - 1}' if n else 'x'] * 9)}]" for n in range(9)),
        "unfolds into too many values; an alias repeats too much",
    ),
    "an alias that holds itself": ("a: &a [*a]", "unfolds into too many values; an alias repeats too much"),
    "a merge of itself": ("a: &a {<<: *a}", "merges << too deeply"),
    "deep nesting": ("a: " + "[" * 5_000, "is nested deeper than 32 levels"),
    "a huge file": ("a: " + "x" * 2**20, "cannot be read (it is larger than 1 MiB)"),
    "bad UTF-8": (b"version: 1\na: \xff\n", "is not UTF-8 text"),
    "a control character": (
        "a: \x07",
        "is not YAML: unacceptable character #x0007: special characters are not allowed",
    ),
    "a key that is a list": ("? [a]\n: b", "a key must be plain text"),
    "a merge of text": ("a: {<<: b}", "<< expects an alias of a mapping"),
    "a tag that lies": ("a: !!int many", "is not a YAML int"),
}


@pytest.mark.parametrize(("text", "message"), HARMFUL.values(), ids=HARMFUL)
def test_a_file_made_to_harm_gets_one_clear_problem(folder: Path, text: str | bytes, message: str) -> None:
    assert messages(source_of(folder, text)) == [message]
