"""What one section of the configuration promises about another: names that must exist, keys that must differ."""

from collections.abc import Iterator

from proxy.config.agent import BASE, VariantConfig
from proxy.config.fields import is_loopback
from proxy.config.model import Config
from proxy.config.problems import Problem, Where, shown, suggestion, value_at
from proxy.config.source import Source
from proxy.config.steps import layer_problems, order_problems

_CREDENTIALS = ("authorization", "cookie", "key", "token", "secret", "password")


def cross_problems(config: Config, source: Source) -> Iterator[Problem]:
    """Every broken promise. Names count as declared when the file has them, even where their entry is at fault."""
    providers = declared(source, "providers")
    models = declared(source, "models")
    for name, model in config.models.items():
        yield from _known(model.provider, providers, ("models", name, "provider"), "provider")
        for position, fallback in enumerate(model.fallbacks):
            yield from _known(fallback, models, ("models", name, "fallbacks", position), "model")
    yield from _fallback_cycles(config)
    for name, provider in config.providers.items():
        if provider.required and not provider.available:
            yield Problem(("providers", name, "api_key"), "is empty, and the provider is required")
    yield from _embedder_problems(config, providers)
    for name in config.agents:
        yield from _agent_problems(config, name, models)
    yield from _keys_given_twice(config)
    yield from _console_problems(config)


def declared(source: Source, section: str) -> tuple[str, ...]:
    """The names a section of the file gives, whatever else is wrong with it."""
    entries = source.data.get(section)
    return tuple(entries) if isinstance(entries, dict) else ()


def written_secrets(source: Source) -> Iterator[Problem]:
    """Credentials that stand in the file itself."""
    for where, mark in source.marks.items():
        if is_credential(where) and mark.reference is None and value_at(source.data, where) not in (None, ""):
            yield Problem(where, "a credential may not stand in the file; write ${env:NAME} or ${file:PATH}")


def is_secret(where: Where) -> bool:
    """Whether a value here stays out of messages: credentials, all headers, and the hashes of keys."""
    return is_credential(where) or "headers" in where or where[2:3] == ("keys",)


def is_credential(where: Where) -> bool:
    """Whether the value here is a provider's or the console's credential, or signs feedback."""
    match where:
        case ("providers", _, "api_key") | ("console", "token") | ("agents", _, "feedback", "secret"):
            return True
        case ("providers", _, "headers", str(name)) | ("telemetry", "headers", str(name)):
            return any(word in name.lower() for word in _CREDENTIALS)
    return False


def _known(name: str, names: tuple[str, ...], where: Where, kind: str) -> Iterator[Problem]:
    if name not in names:
        yield Problem(where, f"no {kind} called {shown(name)}{suggestion(name, names)}")


def _embedder_problems(config: Config, providers: tuple[str, ...]) -> Iterator[Problem]:
    embedder = config.records.embedder
    if embedder == "bundled":
        return
    where: Where = ("records", "embedder", "provider")
    yield from _known(embedder.provider, providers, where, "provider")
    provider = config.providers.get(embedder.provider)
    if provider is not None and (provider.litellm or not provider.base_url):
        yield Problem(where, "needs a provider with a base_url of its own; leave embedder out to embed here")


def _fallback_cycles(config: Config) -> Iterator[Problem]:
    reported: set[frozenset[str]] = set()

    def walk(path: tuple[str, ...]) -> Iterator[Problem]:
        for position, fallback in enumerate(config.models[path[-1]].fallbacks):
            if fallback in path:
                circle = path[path.index(fallback) :]
                if frozenset(circle) not in reported:
                    reported.add(frozenset(circle))
                    way = " → ".join((*circle, fallback))
                    yield Problem(("models", path[-1], "fallbacks", position), f"falls back in a circle: {way}")
            elif fallback in config.models and len(path) <= len(config.models):
                yield from walk((*path, fallback))

    for name in config.models:
        yield from walk((name,))


def _agent_problems(config: Config, name: str, models: tuple[str, ...]) -> Iterator[Problem]:
    agent = config.agents[name]
    where: Where = ("agents", name)
    for key, names in (("default", agent.models.default), ("allow", agent.models.allow or ())):
        for position, model in enumerate(names):
            yield from _known(model, models, (*where, "models", key, position), "model")
    for variant_name, variant in agent.variants.items():
        if variant.model is not None:
            yield from _known(variant.model, models, (*where, "variants", variant_name, "model"), "model")
    if agent.variants[BASE] != VariantConfig():
        yield Problem((*where, "variants", BASE), "is the agent as it calls and changes nothing; name the change")
    yield from layer_problems(name, agent)
    yield from order_problems(name, agent.middleware)


def _keys_given_twice(config: Config) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    for name, agent in config.agents.items():
        for position, key in enumerate(agent.keys):
            if key in owners:
                yield Problem(("agents", name, "keys", position), f"is a key of {owners[key]!r} already")
            owners.setdefault(key, name)


def _console_problems(config: Config) -> Iterator[Problem]:
    console, server = config.console, config.server
    if console.listen == server.listen and console.port:
        yield Problem(("console", "listen"), "is the server's address; agents and people need one each")
    if not is_loopback(console.host) and console.token is None:
        yield Problem(("console", "token"), f"is needed to listen on {console.host}; set it, or listen on 127.0.0.1")
