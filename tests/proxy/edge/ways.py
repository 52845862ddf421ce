"""Every API a client may speak before every API a provider may speak: the same tests hold for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.proxy.edge.conftest import Start
from tests.support.proxy import Answer, Proxy
from tests.support.speaking import ALL, CHAT, Language, Message, Told, Tool
from tests.support.upstream import Reply, Upstream


@dataclass(frozen=True)
class Way:
    """From a client's API to a provider's."""

    client: Language
    provider: Language

    def __str__(self) -> str:
        if self.client == self.provider:
            return f"{self.client.name} native"
        return f"{self.client.name} over {self.provider.name}"

    @property
    def converts(self) -> bool:
        return self.client != self.provider

    async def open(self, start: Start, upstream: Upstream, **written: Any) -> "Line":
        """A proxy whose provider speaks this one API."""
        upstream.apis = {self.provider.name}
        providers = {
            "local": {"base_url": upstream.base_url, "apis": [self.provider.name], **written.pop("provider", {})}
        }
        return Line(self, await start(providers=providers, **written), upstream)


@dataclass(frozen=True)
class Line:
    """A client before a proxy before a provider."""

    way: Way
    proxy: Proxy
    upstream: Upstream

    def reply(self, *replies: Reply) -> None:
        self.upstream.reply(*replies, to=self.way.provider.path)

    async def ask(
        self,
        *messages: Message,
        tools: Sequence[Tool] = (),
        headers: dict[str, str] | None = None,
        **fields: Any,
    ) -> Answer:
        asked = self.way.client.asking(*messages, tools=tools, **fields)
        return await self.proxy.post(asked, path=self.way.client.path, headers=headers)

    async def told(self, *messages: Message, tools: Sequence[Tool] = (), **fields: Any) -> Told:
        answer = await self.ask(*messages, tools=tools, **fields)
        assert answer.status == 200, answer.body
        return self.way.client.told(answer)


NATIVE: Final = tuple(Way(language, language) for language in ALL)
WAYS: Final = tuple(Way(client, provider) for client in ALL for provider in ALL)
OVER_CHAT: Final = tuple(Way(client, CHAT) for client in ALL)


def to(client: Language) -> tuple[Way, ...]:
    """The ways of one client: native first, then converted."""
    return tuple(sorted((way for way in WAYS if way.client == client), key=lambda way: way.converts))
