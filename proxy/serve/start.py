"""From a valid configuration to a serving proxy: keys, the small model, the processes, and what the person is told."""

import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack

from proxy.config.model import Config
from proxy.config.source import Source
from proxy.serve.greeting import greeting
from proxy.serve.keys import BadKeyFile, ready_keys
from proxy.serve.supervisor import CannotServe, Supervisor, metrics_directory

__all__ = ["CannotServe", "start"]

log = logging.getLogger("burnish.serve")


def start(source: Source, config: Config, *, workers: int, background: bool, say: Callable[[str], None]) -> None:
    """Serve until told to stop. Raises `CannotServe` where that is not possible."""
    with ExitStack() as closing:
        metrics = closing.enter_context(metrics_directory())
        try:
            config.records.dir.mkdir(parents=True, exist_ok=True)
            keys = ready_keys(config)
        except OSError as error:
            raise CannotServe(f"{config.records.dir}: {error.strerror}; set records.dir to a writable folder") from None
        except BadKeyFile as error:
            raise CannotServe(str(error)) from None
        bundled = _start_bundled(config, say)
        closing.callback(lambda: [server.stop() for server in bundled.values()])
        supervisor = Supervisor(
            source,
            config,
            keys.hashes,
            workers=workers,
            background=_background if background else None,
            bundled=bundled,
            bundled_urls={name: server.base_url for name, server in bundled.items()},
            metrics=metrics,
        )
        supervisor.start()
        for server in bundled.values():
            server.wait_ready(on_progress=say)
        say(greeting(config, supervisor.address, keys, workers))
        supervisor.run()


def needed_bundled(config: Config) -> Mapping[str, str]:
    """The bundled models that some agent's calls may reach as its default: provider name to model name."""
    needed = {}
    for agent in config.agents:
        model = config.default_model(agent)
        if model is not None:
            name = config.models[model].provider
            bundled = config.providers[name].bundled
            if bundled is not None:
                needed[name] = bundled
    return needed
