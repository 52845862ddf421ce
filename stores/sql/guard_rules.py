"""The rules that agents have learned, in SQL that SQLite and PostgreSQL read alike."""

from collections.abc import Sequence
from typing import Any, Final

from records.decision import Decision
from records.guard import SignedPolicy
from stores.runs import StoreError
from stores.sql.guard_rows import add_decision, add_policy, changed_meanwhile, live_version, set_live
from stores.sql.ledger_database import Database
from stores.sql.row import clean

_POLICY: Final = "SELECT agent, version, document, signature FROM guard_policies"


class SqlGuardRules:
    """A `GuardRuleStore` over either database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def live(self, agent: str) -> int:
        with self._database.reading() as execute:
            return live_version(execute, clean(agent))

    def policy(self, agent: str, version: int) -> SignedPolicy | None:
        named = {"agent": clean(agent), "version": version}
        with self._database.reading() as execute:
            rows = execute(f"{_POLICY} WHERE agent = :agent AND version = :version", named)
        return _policy_of(rows[0]) if rows else None

    def policies(self, agent: str) -> list[SignedPolicy]:
        with self._database.reading() as execute:
            rows = execute(f"{_POLICY} WHERE agent = :agent ORDER BY version DESC", {"agent": clean(agent)})
        return [_policy_of(row) for row in rows]

    def live_policies(self, agents: Sequence[str]) -> dict[str, SignedPolicy | None]:
        wanted = self._database.any_of("live.agent", "agents")
        found = (
            "SELECT live.agent, live.version, policy.document, policy.signature FROM guard_live AS live"
            " LEFT JOIN guard_policies AS policy ON policy.agent = live.agent AND policy.version = live.version"
            f" WHERE {wanted}"
        )
        with self._database.reading() as execute:
            rows = execute(found, {"agents": self._database.array([clean(agent) for agent in agents])})
        # Of a version that is not there, one that bears no signature: it is not the same as having none in force.
        return {agent: _policy_of((agent, n, text or b"", by or "")) if n else None for agent, n, text, by in rows}

    def put(self, policy: SignedPolicy, parent: int, decision: Decision) -> None:
        with self._database.writing() as execute:
            add_policy(execute, policy, parent)
            add_decision(execute, decision)

    def roll_back(self, agent: str, was: int, to: int, decision: Decision) -> None:
        whose = clean(agent)
        named = {"agent": whose, "version": to}
        with self._database.writing() as execute:
            live = live_version(execute, whose)
            if live != was:
                raise changed_meanwhile(agent, live, was)
            known = execute("SELECT 1 FROM guard_policies WHERE agent = :agent AND version = :version", named)
            if to and not known:
                raise StoreError(f"the learned rules of {agent!r} have no version {to}; `burnish guardrails {agent}`")
            set_live(execute, whose, to)
            add_decision(execute, decision)

    def close(self) -> None:
        self._database.close()


def _policy_of(row: Any) -> SignedPolicy:
    agent, version, document, signature = row
    return SignedPolicy(agent=agent, version=int(version), document=bytes(document), signature=signature)
