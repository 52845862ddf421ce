"""The rules at work for an agent: the configuration's and those learned, with what became of their incidents."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing

import msgspec

from burnish.commands.agents import Configured
from burnish.commands.guardrail_views import InForce, Shown
from burnish.commands.learned import live_policy, secret_at
from burnish.commands.records import Place as Where
from middleware.guardrails.plan import Plan, injection_guards, judged_guards
from middleware.guardrails.settings import INJECTION, GuardrailsSettings
from policies.guardrails.guard import Guard
from policies.guardrails.rule import Place
from proxy.guardrails.keeping import STEP
from stores.guard_rules import open_guard_rules
from stores.incidents import Tally, open_incidents


def rules_of(place: Where, who: Configured) -> Shown:
    """Raises `BadPolicy` where what was learned is not as it was signed."""
    configured = list(configured_rules(who))
    if not place.is_there:
        return Shown(who.name, 0, configured, {})
    with closing(open_guard_rules(place.url)) as rules, closing(open_incidents(place.url)) as incidents:
        tallies = incidents.tallies(who.name)
        learned: list[InForce] = []
        version = rules.live(who.name)
        if version:
            policy = live_policy(rules, secret_at(place), who.name)
            learned = [
                InForce(each.rule, "learned", each.mode, each.action, each.places, each.incident)
                for each in policy.rules
            ]
    return Shown(who.name, version, [*learned, *_told_apart(configured, tallies)], tallies)


def configured_rules(who: Configured) -> Iterator[InForce]:
    """The owner's own, and the built-in ones that the step names."""
    step = next((step for step in who.agent.middleware if step.name == STEP and step.enabled), None)
    if step is None:
        return
    settings = GuardrailsSettings.model_validate(step.settings)
    for guard in (*Plan(settings).guards, *(guard for _, guard in judged_guards(settings))):
        rule = settings.rules.get(guard.rule.id)
        origin = "configuration" if rule is not None and rule.own else "built in"
        yield InForce(guard.rule, origin, guard.mode, guard.action, guard.places)
    yield from _injection(injection_guards(settings))


def _injection(guards: Mapping[Place, Guard]) -> Iterator[InForce]:
    """One check, whose action may differ by place."""
    if guards:
        first = next(iter(guards.values()))
        action = " or ".join(dict.fromkeys(guard.action for guard in guards.values()))
        yield InForce(first.rule, "built in", first.mode, action, tuple(guards))


def _told_apart(rules: Iterable[InForce], tallies: Mapping[str, Tally]) -> Iterator[InForce]:
    """Of the check for injections, what finds them: each rule, the classifier and the judge, as far as they did."""
    found = [name for name in sorted(tallies) if name.startswith(f"{INJECTION}.")]
    for each in rules:
        if each.rule.id == INJECTION and found:
            yield from (each._replace(rule=msgspec.structs.replace(each.rule, id=name)) for name in found)
        else:
            yield each
