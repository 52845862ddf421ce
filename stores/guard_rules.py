"""The rules that agents have learned: versions of policies, signed, and which of them is live.

One contract over SQLite and PostgreSQL, in the same database as the incidents that the rules came of. A signature says
that a policy was made with this deployment's secret, and that nobody has changed it since.
"""

import hmac
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from records.decision import Decision
from records.guard import GuardPolicy, SignedPolicy
from stores.runs import PATIENCE, StoreError

_canonical: Final = msgspec.json.Encoder(order="deterministic").encode
_decode: Final = msgspec.json.Decoder(GuardPolicy).decode


class BadPolicy(StoreError):
    """A stored policy that is not as it was signed, or cannot be read; the message says what to do."""


class GuardRuleStore(Protocol):
    """Policies are only ever added; which one is live moves. Any thread may call it."""

    def live(self, agent: str) -> int:
        """The version in force; 0 where none is."""
        ...

    def policy(self, agent: str, version: int) -> SignedPolicy | None: ...

    def policies(self, agent: str) -> list[SignedPolicy]:
        """Newest first."""
        ...

    def live_policies(self, agents: Sequence[str]) -> dict[str, SignedPolicy | None]:
        """The policies in force of those agents that ever had one; None where all of them were taken back."""
        ...

    def put(self, policy: SignedPolicy, parent: int, decision: Decision) -> None:
        """A new version, live at once, and why, in one transaction. Raises `StoreError`, and nothing is done, where
        another is live than its `parent`."""
        ...

    def roll_back(self, agent: str, was: int, to: int, decision: Decision) -> None:
        """Another version is live, 0 for none, and why, in one transaction. Raises `StoreError`, and nothing is done,
        where it `was` another, or there is no such version."""
        ...

    def close(self) -> None: ...


def open_guard_rules(url: str, *, patience: float = PATIENCE) -> GuardRuleStore:
    """In the database of the runs, created or upgraded as needed. Raises `StoreError` as `open_store` does."""
    from stores.sql.opening import open_guard_rules_at

    return open_guard_rules_at(url, patience)


def signed(secret: bytes, policy: GuardPolicy) -> SignedPolicy:
    """`secret` is the deployment's: see `stores.secret`."""
    document = _canonical(policy)
    return SignedPolicy(
        agent=policy.agent, version=policy.version, document=document, signature=_signature(secret, document)
    )


def verified(secret: bytes, found: SignedPolicy) -> GuardPolicy:
    """The policy as it was signed. Raises `BadPolicy`."""
    which = f"the learned rules of {found.agent!r}, version {found.version},"
    if not hmac.compare_digest(_signature(secret, found.document), found.signature):
        raise BadPolicy(
            f"{which} do not bear this deployment's signature: they were changed, or `secret` beside the records is "
            f"another; restore it from a backup, or choose a version with "
            f"`burnish guardrails rollback {found.agent} --to VERSION`"
        )
    try:
        policy = _decode(found.document)
    except msgspec.MsgspecError as error:
        raise BadPolicy(
            f"{which} cannot be read ({error}): a newer Burnish wrote them; upgrade this one, or choose a version with "
            f"`burnish guardrails rollback {found.agent} --to VERSION`"
        ) from None
    if (policy.agent, policy.version) != (found.agent, found.version):
        raise BadPolicy(
            f"{which} are those of {policy.agent!r}, version {policy.version}: they were moved; restore the database "
            f"from a backup, or choose a version with `burnish guardrails rollback {found.agent} --to VERSION`"
        )
    return policy


def _signature(secret: bytes, document: bytes) -> str:
    key = hmac.digest(secret, b"key\0guard policy", "sha256")
    return hmac.digest(key, document, "sha256").hex()
