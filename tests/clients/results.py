"""Gathers what worked while the matrix is run, and writes docs/clients.md when pytest is told `--write-clients`."""

from collections.abc import Generator

import pytest

from tests.clients.page import PAGE, RUNS, SHOWN, Run, Shown, page


class Results:
    """A plugin of pytest: tests marked `shows` tell about the run that their fixture `ran` is made from."""

    def __init__(self) -> None:
        self.works: dict[tuple[Run, Shown], bool] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Function) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if (marker := item.get_closest_marker("shows")) is not None:
            run = item.callspec.params["ran"]
            assert isinstance(run, Run)
            shown: Shown = marker.args[0]
            self.works[run, shown] = self.works.get((run, shown), True) and not report.failed
        return report

    def pytest_sessionfinish(self) -> None:
        missing = {(run, shown) for run in RUNS for shown in SHOWN} - self.works.keys()
        if missing:
            pytest.exit(f"--write-clients needs the whole matrix; {len(missing)} results are missing", returncode=4)
        PAGE.write_text(page(self.works))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-clients", action="store_true", help="write docs/clients.md from what works")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "shows(what): passes when a client can do it; a column of docs/clients.md")
    if config.getoption("--write-clients", default=False):
        config.pluginmanager.register(Results())
