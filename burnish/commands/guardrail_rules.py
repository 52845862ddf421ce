"""The rules that an agent has learned and goes by, with what became of the incidents of all its rules."""

from contextlib import closing

from burnish.commands.agents import Configured
from burnish.commands.guardrail_views import InForce, Shown
from burnish.commands.learned import live_policy, secret_at
from burnish.commands.records import Place
from stores.guard_rules import open_guard_rules
from stores.incidents import open_incidents


def rules_of(place: Place, who: Configured) -> Shown:
    """Raises `BadPolicy` where what was learned is not as it was signed."""
    if not place.is_there:
        return Shown(who.name, 0, [], {})
    with closing(open_guard_rules(place.url)) as rules, closing(open_incidents(place.url)) as incidents:
        learned: list[InForce] = []
        version = rules.live(who.name)
        if version:
            policy = live_policy(rules, secret_at(place), who.name)
            learned = [
                InForce(each.rule, "learned", each.mode, each.action, each.places, each.incident)
                for each in policy.rules
            ]
        return Shown(who.name, version, learned, incidents.tallies(who.name))
