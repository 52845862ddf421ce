"""`burnish guardrails`: the rules in force for an agent, how rightly they find, and what was learned, taken back."""

import json
from contextlib import closing
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from burnish.commands.agents import Configured
from burnish.commands.groups import usually
from burnish.commands.guardrail_rules import configured_rules, rules_of
from burnish.commands.guardrail_views import document, print_rules, print_versions, version_document
from burnish.commands.learned import a_decision, live_policy, next_policy, secret_at, version_before
from burnish.commands.records import DEFAULT_FILE, AsJson, ConfigFile, Database, Failure, Place, found, told
from burnish.commands.variant_options import OWNER, Agent, By, Why, configured_for
from proxy.config.problems import suggestion
from proxy.guardrails.keeping import STEP, guards
from records.guard import GuardPolicy, Mode
from stores.guard_rules import BadPolicy, open_guard_rules, signed, verified

app = typer.Typer(
    help="Look at an agent's guardrails, and steer what they learn.", cls=usually("list"), add_completion=False
)

RuleId = Annotated[str, typer.Argument(metavar="RULE", help="A learned rule, by its id.")]
_NO_STEP = "burnish: {agent} goes by no learned rule: it has no step `guardrails` that is on"


@app.command("list")
def list_rules(
    context: typer.Context,
    agent: Agent,
    everything: Annotated[bool, typer.Option("--all", help="Also built-in rules that have found nothing.")] = False,
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """List the rules in force: how many runs broke them, and how many of their incidents were some."""
    with told():
        place, who = found(config, database), configured_for(context, config, agent)
        shown = rules_of(place, who)
        _warn(who)
        if as_json:
            print(json.dumps(document(shown), indent=2, ensure_ascii=False))
        else:
            print_rules(shown, Console(highlight=False), everything=everything)


@app.command()
def versions(
    context: typer.Context,
    agent: Agent,
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """List the versions of the rules that an agent has learned, newest first."""
    with told():
        place = found(config, database)
        configured_for(context, config, agent)
        known: list[GuardPolicy | str] = []
        live = 0
        if place.is_there:
            secret = secret_at(place)
            with closing(open_guard_rules(place.url)) as rules:
                live = rules.live(agent)
                for policy in rules.policies(agent):
                    try:
                        known.append(verified(secret, policy))
                    except BadPolicy as bad:
                        known.append(str(bad))
        if as_json:
            print(
                json.dumps(
                    [{"problem": each} if isinstance(each, str) else version_document(each, live) for each in known],
                    indent=2,
                    ensure_ascii=False,
                )
            )
        else:
            print_versions(known, live, Console(highlight=False))


@app.command()
def rollback(
    context: typer.Context,
    agent: Agent,
    to: Annotated[int | None, typer.Option(min=0, help="This version, 0 for none; left out, the one before.")] = None,
    why: Why = None,
    by: By = OWNER,
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """Put an earlier version of the learned rules into force, within seconds and whatever became of the last one."""
    with told():
        place, who = found(config, database), configured_for(context, config, agent)
        secret = secret_at(place)
        if not place.is_there:
            raise Failure(f"agent {agent!r} has learned no rules yet: there is no database")
        with closing(open_guard_rules(place.url)) as rules:
            was = rules.live(agent)
            if to is None:
                if was == 0:
                    raise Failure(f"no learned rule of {agent!r} is in force; `--to VERSION` brings a version back")
                to = version_before(rules, secret, agent)
            if to == was:
                raise Failure(f"version {to} of the learned rules of {agent!r} is in force already")
            if to:
                target = rules.policy(agent, to)
                if target is None:
                    raise Failure(
                        f"the learned rules of {agent!r} have no version {to}; `burnish guardrails versions {agent}`"
                    )
                verified(secret, target)
            decision = a_decision(
                agent,
                f"version {to}",
                why or "Rolled back.",
                {"was": was, "now": to},
                tenant=who.agent.tenant,
                actor=by,
                config_hash=who.config_hash,
            )
            rules.roll_back(agent, was, to, decision)
        if as_json:
            print(json.dumps({"agent": agent, "was": was, "now": to, "decision": decision.id}))
        else:
            print(f"{agent}: learned rules version {was} → {to or 'none'}")


@app.command()
def enforce(
    context: typer.Context,
    agent: Agent,
    rule: RuleId,
    why: Why = None,
    by: By = OWNER,
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """Let what a learned rule asks for be done."""
    with told():
        _set_mode(context, agent, rule, "enforce", why, by, as_json, found(config, database), config)


@app.command()
def shadow(
    context: typer.Context,
    agent: Agent,
    rule: RuleId,
    why: Why = None,
    by: By = OWNER,
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """Let a learned rule look on, and change nothing."""
    with told():
        _set_mode(context, agent, rule, "shadow", why, by, as_json, found(config, database), config)


def _set_mode(
    context: typer.Context,
    agent: str,
    rule: str,
    mode: Mode,
    why: str | None,
    by: str,
    as_json: bool,
    place: Place,
    config: ConfigFile,
) -> None:
    who = configured_for(context, config, agent)
    secret = secret_at(place)
    if not place.is_there:
        raise Failure(f"agent {agent!r} has learned no rules yet: there is no database")
    with closing(open_guard_rules(place.url)) as rules:
        live = live_policy(rules, secret, agent)
        known = live.rule(rule)
        if known is None:
            raise _unknown(who, live, rule)
        if known.mode == mode:
            raise Failure(
                f"rule {rule} is in {mode} already" if mode == "shadow" else f"rule {rule} is enforced already"
            )
        policy = next_policy(
            rules,
            live,
            tuple(msgspec.structs.replace(each, mode=mode) if each is known else each for each in live.rules),
            tenant=who.agent.tenant,
            actor=by,
            reason=why or f"{rule}: {known.mode} → {mode}",
            config_hash=who.config_hash,
        )
        decision = a_decision(
            agent,
            rule,
            policy.reason,
            {"rule": rule, "was": known.mode, "now": mode, "version": policy.version, "parent": policy.parent},
            tenant=who.agent.tenant,
            actor=by,
            config_hash=who.config_hash,
        )
        rules.put(signed(secret, policy), live.version, decision)
    if as_json:
        told_of = {"agent": agent, "rule": rule, "was": known.mode, "now": mode, "version": policy.version}
        print(json.dumps({**told_of, "decision": decision.id}))
    else:
        print(f"{rule}: {known.mode} → {mode} (version {policy.version})")


def _unknown(who: Configured, live: GuardPolicy, rule: str) -> Failure:
    if any(each.rule.id == rule for each in configured_rules(who)):
        return Failure(f"rule {rule} is the configuration's: set its mode at {who.name}'s step {STEP}, under `rules`")
    known = [each.rule.id for each in live.rules]
    hint = suggestion(rule, known) or f"; `burnish guardrails {who.name}` lists them"
    return Failure(f"agent {who.name!r} has learned no rule {rule!r} that is in force{hint}")


def _warn(who: Configured) -> None:
    if not guards(who.agent):
        typer.echo(_NO_STEP.format(agent=who.name), err=True)
