"""`burnish estimate`: what each variant, or another policy, would have earned, from the propensities on record."""

import json
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.console import Console

from burnish.commands.agents import configured
from burnish.commands.estimate_policies import FORMS, read_policy
from burnish.commands.estimate_views import Answer
from burnish.commands.logged import AgentLog, read_log
from burnish.commands.progress import progress_bar
from burnish.commands.records import DEFAULT_FILE, AsJson, ConfigFile, Database, Failure, found, told
from burnish.commands.runs import Since, moment_given
from policies.offpolicy import Estimate, Method, Missing, NoSupport, Policy, estimate, every_variant
from proxy.config.agent import AgentConfig

_METHODS: tuple[Method, ...] = ("dr", "snips", "ips")


def estimate_policy(
    context: typer.Context,
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="The agent, as the configuration names it.")],
    policy: Annotated[str | None, typer.Option(metavar="POLICY", help=f"Also of this policy: {FORMS}.")] = None,
    evaluator: Annotated[
        str | None, typer.Option(help="Whose scores are the reward; left out, the reward that is learned from.")
    ] = None,
    bounds: Annotated[
        str | None, typer.Option(metavar="LOW,HIGH", help="The least and the most a reward can be.")
    ] = None,
    method: Annotated[Method, typer.Option(help="By which variants are compared.")] = "dr",
    missing: Annotated[Missing, typer.Option(help="What rewards are taken to be that have not come.")] = "at_random",
    confidence: Annotated[float, typer.Option(help="With which intervals hold.")] = 0.95,
    since: Since = None,
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_FILE,
    database: Database = None,
) -> None:
    """Estimate what each variant would earn alone, and what a policy over them would have earned."""
    with told():
        place, since_ns = found(config, database), moment_given(since, "--since")
        known = None if database is not None else _config(config, agent, context)
        limits = None if bounds is None else _bounds(bounds)
        if not 0 < confidence < 1:
            raise Failure(f"--confidence {confidence:g}: must be between 0 and 1, such as 0.95")
        with place.store() as store, place.ledger() as ledger, progress_bar("reading runs") as shown:
            log = read_log(
                store,
                ledger,
                agent,
                config=known,
                evaluator=evaluator,
                bounds=limits,
                since_ns=since_ns,
                progress=shown,
            )
        _check(agent, log)
        options = _Options(log, confidence, missing)
        asked = None if policy is None else read_policy(policy, log, known)
        try:
            variants = every_variant(
                log.decisions, method=method, confidence=confidence, bounds=log.bounds, missing=missing
            )
            estimates = {each: options.of(asked.policy, each) for each in _METHODS} if asked is not None else {}
        except NoSupport as error:
            raise Failure(f"nothing can be told: {error}") from None
        except ValueError as error:
            raise Failure(f"{error}; --bounds LOW,HIGH says what {log.evaluator!r} can be") from None
        answer = Answer(agent, log, method, variants, asked, estimates, since_ns)
        if as_json:
            print(json.dumps(answer.document(), indent=2, ensure_ascii=False))
        else:
            answer.show(Console(highlight=False), Console(stderr=True, highlight=False))


class _Options(NamedTuple):
    log: AgentLog
    confidence: float
    missing: Missing

    def of(self, policy: Policy, method: Method) -> Estimate:
        return estimate(
            self.log.decisions,
            policy,
            method=method,
            confidence=self.confidence,
            bounds=self.log.bounds,
            missing=self.missing,
        )


def _bounds(text: str) -> tuple[float, float]:
    try:
        low, high = map(float, text.split(","))
    except ValueError:
        raise Failure(f"--bounds {text!r}: expected two numbers, such as 0,1") from None
    if not low < high:
        raise Failure(f"--bounds {text!r}: the first must be below the second")
    return low, high


def _config(file: Path, agent: str, context: typer.Context) -> AgentConfig:
    return configured(file, agent, context.obj).agent


def _check(agent: str, log: AgentLog) -> None:
    if not log.decisions:
        raise Failure(f"agent {agent!r} has no calls that variant_routing assigned, so no propensity is on record")
    if not log.earned:
        raise Failure(
            f"no call of agent {agent!r} that was assigned a variant has a score by {log.evaluator!r} yet; "
            f"`burnish feedback list {agent}` shows what there is"
        )
