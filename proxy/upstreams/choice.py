"""Which configured model a call goes to: what its agent's `models` make of the name it asks for."""

from dataclasses import replace

from middleware.exchange import Bound
from proxy.config.model import Config
from proxy.errors import ApiError
from proxy.upstreams.attempts import Route
from proxy.upstreams.failures import unavailable


class ModelChoice:
    """One agent's. Built once per configuration."""

    def __init__(self, config: Config, agent: str) -> None:
        self.routes = {name: route(config, name) for name in config.models}
        self._agent = agent
        self._allowed = frozenset(config.allowed_models(agent))
        self._unknown = config.agents[agent].models.unknown
        self._variants = {name: variant.model for name, variant in config.agents[agent].variants.items()}
        self._default = config.default_model(agent)
        self._speaking = {api: _speaking(config, agent, api) for api in ("chat", "responses", "messages")}
        first = config.models[config.agents[agent].models.default[0]].provider
        self._no_default = (first, "none of the agent's default models has a provider whose key is set")

    def of(self, asked: str, variant: str, *, embeds: bool = False) -> Route:
        """The route for the model the request names. Raises `ApiError` where the agent may not use it.

        `embeds`: whether embeddings are wanted. The default model chats, so it stands in for no model that embeds: the
        name then goes to its provider as it is.
        """
        if asked in self._allowed or (asked and asked == self._variants.get(variant)):
            return self.routes[asked]
        if not asked or (self._unknown == "default" and not embeds):
            return self.default
        if asked in self.routes:
            raise ApiError(
                403,
                f"agent {self._agent!r} may not use the model {asked!r}; it may use {self._listed}",
                type="permission_error",
                param="model",
                code="model_not_allowed",
            )
        if self._unknown != "reject":
            return replace(self.default, model=asked)
        raise ApiError(
            404,
            f"there is no model {asked!r}; agent {self._agent!r} may use {self._listed}",
            param="model",
            code="model_not_found",
        )

    def bound(self, bound: Bound, asked: str, variant: str) -> Route | None:
        """The route to what the call goes on from; None where the client has turned to another model since.

        Raises `ApiError` as `of` does.
        """
        kept, route = self.routes.get(bound.model), self.of(asked, variant)
        if kept is None:
            return None
        if kept.provider == route.provider:
            return route
        if not bound.kept and asked in self.routes and kept.name not in route.fallbacks:
            return None
        return kept if asked in self.routes or self._unknown != "passthrough" else replace(kept, model=asked)

    @property
    def default(self) -> Route:
        """The first of the agent's default models whose provider is available."""
        if self._default is None:
            raise unavailable(*self._no_default)
        return self.routes[self._default]

    def speaking(self, api: str) -> Route:
        """The default; or where its provider does not speak `api`, the first model that the agent may use and does."""
        found = self._speaking[api]
        return self.default if found is None else self.routes[found]

    @property
    def _listed(self) -> str:
        return ", ".join(sorted(self._allowed))


def _speaking(config: Config, agent: str, api: str) -> str | None:
    default = config.default_model(agent)
    candidates = (*((default,) if default else ()), *config.allowed_models(agent))
    return next(
        (
            name
            for name in candidates
            if config.available(name) and api in config.providers[config.models[name].provider].speaks
        ),
        None,
    )


def route(config: Config, name: str) -> Route:
    """A model of the configuration, ready to be called."""
    model = config.models[name]
    return Route(name, model.provider, model.model, config.timeout(name), model.retries, model.fallbacks)
