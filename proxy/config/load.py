"""Reads a configuration file and validates it whole: a `Config`, or every problem at once."""

import copy
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from proxy.config.checks import cross_problems, declared, is_secret, written_secrets
from proxy.config.model import Config
from proxy.config.plain_words import problems_of
from proxy.config.problems import ConfigError, Problem, Where, value_at
from proxy.config.source import Source, read
from proxy.config.steps import Scope, ValidateSteps, step_problems


def load(
    file: str | os.PathLike[str],
    *,
    env: Mapping[str, str] = os.environ,
    validate_steps: ValidateSteps | None = None,
) -> Config:
    """The configuration in a file; raises ConfigError with all its problems."""
    return validate(read(Path(file), env), validate_steps)


def validate(source: Source, validate_steps: ValidateSteps | None = None) -> Config:
    """The configuration that a file as read describes; raises ConfigError with all its problems."""
    if not isinstance(source.data, dict):
        problems = source.problems or (Problem((), "expected a mapping that begins with version: 1", 1),)
        raise ConfigError(source.file, problems)
    found = _Found(source)
    config = _build(source, found)
    found.add(written_secrets(source))
    if config is not None:
        found.add(cross_problems(config, source))
        if validate_steps is not None:
            found.add(_steps(config, source, validate_steps))
    if found.problems:
        raise ConfigError(source.file, found.problems)
    assert config is not None
    return config


class _Found:
    """The problems so far, without those that only follow from another."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.problems = [Problem(short(problem.where), problem.message, problem.line) for problem in source.problems]

    def add(self, problems: Iterable[Problem]) -> None:
        """Adds problems, placed on their lines, unless something at or inside the same place is known."""
        known = {problem.where[:depth] for problem in self.problems for depth in range(len(problem.where) + 1)}
        for problem in problems:
            if problem.where not in known or not problem.where:
                line = problem.line or self._source.mark(written(self._source.data, problem.where)).line
                self.problems.append(Problem(problem.where, problem.message, line))


def _build(source: Source, found: _Found) -> Config | None:
    """The model of the file, or of what remains of it without the entries at fault."""
    data = copy.deepcopy(source.data)
    while True:
        try:
            return Config.model_validate(data, context={"written": True})
        except ValidationError as error:

            def hidden(where: Where) -> bool:
                return is_secret(where) or source.mark(written(source.data, where)).reference is not None

            problems = problems_of(error, Config, data, hidden)
            found.add(problems)
            if sum(_drop(data, problem.where) for problem in problems) == 0:
                return None


def _drop(data: dict[str, Any], where: Where) -> bool:
    """Takes the entry out, or what holds it when it is missing or an item of a list; tells whether it was there."""
    if where == ("version",):
        changed = data.get("version") != 1
        data["version"] = 1
        return changed
    where = written(data, where)
    holder = value_at(data, where[:-1])
    if not where or holder is None:
        return False
    if not isinstance(holder, dict) or where[-1] not in holder:
        return _drop(data, where[:-1])
    del holder[where[-1]]
    return True


def written(data: Any, where: Where) -> Where:
    """The way in the file: the name of a step, which messages leave out, stands after its position."""
    match where:
        case ("agents", agent, "middleware", position, *rest) if rest:
            try:
                (name,) = data["agents"][agent]["middleware"][position]
            except (LookupError, TypeError, ValueError):
                return where
            return where if rest[0] == name else (*where[:4], name, *rest)
    return where


def short(where: Where) -> Where:
    """The way in messages: the reverse of `written`."""
    match where:
        case ("agents", _, "middleware", _, _, *rest):
            return (*where[:4], *rest)
    return where


def _steps(config: Config, source: Source, validate: ValidateSteps) -> Iterable[Problem]:
    models = declared(source, "models")

    def secret(where: Where) -> frozenset[Where]:
        inside = written(source.data, (*where, ""))[:-1]
        return frozenset(
            place[len(inside) :]
            for place, mark in source.marks.items()
            if mark.reference is not None and place[: len(inside)] == inside
        )

    for name, agent in config.agents.items():
        scope = Scope(name, tuple(agent.variants), models)
        yield from step_problems(scope, agent, validate, secret)
