"""What the background process does, at once: the journal's runs put into the store."""

from pathlib import Path

from stores.indexer import Indexer
from stores.runs import open_store
from stores.segments import journal_in
from stores.tail import Tail


def index(records: Path) -> None:
    """Everything that is in the journal by now."""
    store, tail = open_store(f"sqlite:///{records / 'burnish.db'}"), Tail(journal_in(records))
    try:
        tail.refresh()
        indexer = Indexer(store, tail)
        while indexer.step():
            pass
    finally:
        tail.close()
        store.close()
