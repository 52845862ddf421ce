"""Tokens that let an end user vote on one run, without the agent's key: an HMAC of the run's id.

The agent passes the token on to its user's browser with the answer. It says nothing else, opens nothing else, and
nobody without the secret can make one.
"""

import hashlib
import hmac


class Tokens:
    """Those of one agent."""

    def __init__(self, agent: str, secret: str) -> None:
        self._agent = agent
        # An owner's secret may be of any length; the keyed hash wants at most 64 bytes.
        self._key = hashlib.sha256(secret.encode()).digest()

    def of(self, run_id: str) -> str:
        """`AGENT.HEX`."""
        told = f"{self._agent}\0{run_id}".encode(errors="surrogatepass")
        return f"{self._agent}.{hashlib.blake2b(told, key=self._key, digest_size=16, person=b'feedback').hexdigest()}"

    def opens(self, token: str, run_id: str) -> bool:
        return hmac.compare_digest(token.encode(errors="replace"), self.of(run_id).encode())


def agent_in(token: str) -> str:
    """The agent that a token claims to be of; empty where it claims none."""
    return token.rpartition(".")[0]
