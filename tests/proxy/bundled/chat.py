"""The smallest client that chats with a base URL: whole answers and streamed ones, as the JSON that came."""

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Chat:
    """Asks one model."""

    base_url: str

    def ask(self, prompt: str, **body: Any) -> Any:
        """The completion of one user message; fails unless the status is 200."""
        status, document = self.status_and_document(prompt, **body)
        assert status == 200, document
        return document

    def status_and_document(self, prompt: str, **body: Any) -> tuple[int, Any]:
        status, raw = self._post({"messages": [{"role": "user", "content": prompt}], **body})
        return status, json.loads(raw)

    def chunks(self, prompt: str, **body: Any) -> list[Any]:
        """The chunks of a streamed answer, which has to end as streams end."""
        body = {"messages": [{"role": "user", "content": prompt}], "stream": True, **body}
        status, raw = self._post(body)
        assert status == 200, raw
        *events, done = [line for line in raw.decode().splitlines() if line.startswith("data: ")]
        assert done == "data: [DONE]"
        return [json.loads(event.removeprefix("data: ")) for event in events]

    def _post(self, body: dict[str, Any]) -> tuple[int, bytes]:
        url = urlsplit(self.base_url)
        connection = http.client.HTTPConnection(url.hostname or "", url.port)
        try:
            headers = {"content-type": "application/json"}
            connection.request("POST", f"{url.path}/chat/completions", json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()
