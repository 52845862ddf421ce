"""A run as the spans of its trace.

    POST /v1/chat/completions   SERVER
    └ invoke_agent NAME         INTERNAL
      ├ <step>                  INTERNAL   one per middleware, its facts as attributes; that which looks for past
      │                                  answers is called search_memory best_answers
      ├ execute_tool NAME       INTERNAL   linked to the chat span that asked for it
      └ chat MODEL              CLIENT     or embeddings, text_completion, forward; bodies, tokens, cost
        └ POST upstream         CLIENT     one per attempt
      ├ chat MODEL              CLIENT     one for each call that a step made for itself, which `burnish.step` names

`records.trace` reads them back, whatever their order.
"""

from records import attributes as a
from records.run import Attempt, JsonValue, Run, SideCall, Step, ToolEvent, Usage
from records.span import CLIENT, INTERNAL, SERVER, Event, Link, Span
from records.trace import chat_span_id, span_ids


def spans_of(run: Run) -> list[Span]:
    """The spans of `run`, parents before children."""
    ids = span_ids(run.id)
    server, agent, chat = next(ids), next(ids), next(ids)
    spans = [
        Span(
            trace_id=run.trace_id,
            span_id=server,
            parent_id=run.parent_span_id,
            name=run.route,
            kind=SERVER,
            start_ns=run.started_ns,
            end_ns=run.ended_ns,
            attributes=_server_attributes(run),
            error=run.error,
        ),
        Span(
            trace_id=run.trace_id,
            span_id=agent,
            parent_id=server,
            name=f"invoke_agent {run.agent}",
            kind=INTERNAL,
            start_ns=run.started_ns,
            end_ns=run.ended_ns,
            attributes={
                a.KIND: "agent",
                a.OPERATION: "invoke_agent",
                a.AGENT_NAME: run.agent,
                a.TURN: run.turn,
                a.VARIANT: run.variant,
            },
        ),
        Span(
            trace_id=run.trace_id,
            span_id=chat,
            parent_id=agent,
            name=f"{run.operation} {run.model or run.model_requested or 'unknown'}",
            kind=CLIENT,
            start_ns=run.chat_started_ns,
            end_ns=run.chat_ended_ns,
            attributes=_chat_attributes(run),
        ),
    ]
    spans += [_step_span(run, step, next(ids), agent) for step in run.steps]
    spans += [_tool_span(run, tool, next(ids), agent) for tool in run.tools]
    spans += [_attempt_span(run, attempt, next(ids), chat) for attempt in run.attempts]
    spans += [_aside_span(run, aside, next(ids), agent) for aside in run.asides]
    return spans


def _server_attributes(run: Run) -> dict[str, JsonValue]:
    method, _, path = run.route.partition(" ")
    found = {
        a.KIND: "server",
        a.HTTP_METHOD: method,
        a.URL_PATH: path,
        a.HTTP_STATUS: run.status,
        a.RUN_ID: run.id,
        a.TENANT: run.tenant,
        a.CONFIG_HASH: run.config_hash,
        a.SOURCE: run.source,
        a.OUTCOME: run.outcome,
        a.SESSION_SOURCE: run.session_source,
        a.REQUEST_STREAM: run.streamed,
    }
    if run.session is not None:
        found[a.SESSION_ID] = run.session
    if run.user is not None:
        found[a.USER_ID] = run.user
    if run.first_chunk_ns is not None:
        found[a.FIRST_CHUNK] = run.first_chunk_ns
    if run.error is not None:
        found[a.ERROR] = run.error
    return found


def _chat_attributes(run: Run) -> dict[str, JsonValue]:
    optional: tuple[tuple[str, JsonValue], ...] = (
        (a.PROVIDER, run.provider),
        (a.MODEL_REQUESTED, run.model_requested),
        (a.REQUEST_MODEL, run.model),
        (a.RESPONSE_MODEL, run.model_answered),
        (a.RESPONSE_ID, run.response_id),
        (a.CONVERSATION_ID, run.session),
        (a.COST, run.cost_usd),
        (a.REQUEST_BODY, run.request),
        (a.SENT_BODY, run.sent),
        (a.ANSWER_BODY, run.answer),
    )
    found: dict[str, JsonValue] = {a.KIND: "chat", a.OPERATION: run.operation}
    found.update((name, value) for name, value in optional if value is not None)
    if run.finish_reasons:
        found[a.FINISH_REASONS] = list(run.finish_reasons)
    if run.usage is not None:
        found.update(_usage_attributes(run.usage))
    return found


def _step_span(run: Run, step: Step, span_id: str, parent: str) -> Span:
    found: dict[str, JsonValue] = {a.KIND: "step", a.STEP: step.name}
    events, name = [], step.name
    if step.facts:
        seen = set()
        for fact in step.facts:
            group = a.group_of(fact.name)
            # A name with a dot could be read as another fact and the beginning of its attribute.
            if group in seen or "." in fact.name:
                events.append(Event(fact.name, step.ended_ns, fact.attributes))
            else:
                seen.add(group)
                for key, value in fact.attributes.items():
                    found[f"burnish.{group}.{key}"] = value
            if fact.name == "answers_shown":
                name, found[a.OPERATION] = a.MEMORY_SEARCH, "search_memory"
        found[a.FACTS] = [f"{fact.name}@{fact.version}" for fact in step.facts]
    return Span(
        trace_id=run.trace_id,
        span_id=span_id,
        parent_id=parent,
        name=name,
        kind=INTERNAL,
        start_ns=step.started_ns,
        end_ns=step.ended_ns,
        attributes=found,
        error=step.error,
        events=events,
    )


def _tool_span(run: Run, tool: ToolEvent, span_id: str, parent: str) -> Span:
    found: dict[str, JsonValue] = {
        a.KIND: "tool",
        a.OPERATION: "execute_tool",
        a.TOOL_NAME: tool.name,
        a.TOOL_CALL_ID: tool.call_id,
        a.TOOL_ARGUMENTS: tool.arguments,
        a.TOOL_RESULT: tool.result,
        a.TOOL_OUTCOME: tool.outcome,
        a.TOOL_INFERRED: True,
    }
    links: tuple[Link, ...] = ()
    if tool.asked_by is not None:
        found[a.TOOL_ASKED_BY] = tool.asked_by
        if tool.asked_trace is not None:
            found[a.TOOL_TRACE] = tool.asked_trace
            links = (Link(tool.asked_trace, chat_span_id(tool.asked_by)),)
    return Span(
        trace_id=run.trace_id,
        span_id=span_id,
        parent_id=parent,
        name=f"execute_tool {tool.name}",
        kind=INTERNAL,
        # A span needs times; a tool whose asking call is unknown is shown as a point at the call's start.
        start_ns=tool.started_ns or run.started_ns,
        end_ns=tool.ended_ns or run.started_ns,
        attributes=found,
        links=links,
    )


def _attempt_span(run: Run, attempt: Attempt, span_id: str, parent: str) -> Span:
    found: dict[str, JsonValue] = {
        a.KIND: "attempt",
        a.HTTP_METHOD: "POST",
        a.PROVIDER: attempt.provider,
        a.REQUEST_MODEL: attempt.model,
    }
    if attempt.status is not None:
        found[a.HTTP_STATUS] = attempt.status
    if attempt.request_id is not None:
        found[a.ATTEMPT_REQUEST_ID] = attempt.request_id
    if attempt.error is not None:
        found[a.ERROR] = attempt.error
    return Span(
        trace_id=run.trace_id,
        span_id=span_id,
        parent_id=parent,
        name="POST upstream",
        kind=CLIENT,
        start_ns=attempt.started_ns,
        end_ns=attempt.ended_ns,
        attributes=found,
        error=attempt.error,
    )


def _aside_span(run: Run, aside: SideCall, span_id: str, parent: str) -> Span:
    optional: tuple[tuple[str, JsonValue], ...] = (
        (a.COST, aside.cost_usd),
        (a.HTTP_STATUS, aside.status),
        (a.ERROR, aside.error),
    )
    found: dict[str, JsonValue] = {
        a.KIND: "aside",
        a.OPERATION: "chat",
        a.STEP: aside.step,
        a.PROVIDER: aside.provider,
        a.REQUEST_MODEL: aside.model,
    }
    found.update((name, value) for name, value in optional if value is not None)
    if aside.usage is not None:
        found.update(_usage_attributes(aside.usage))
    return Span(
        trace_id=run.trace_id,
        span_id=span_id,
        parent_id=parent,
        name=f"chat {aside.model}",
        kind=CLIENT,
        start_ns=aside.started_ns,
        end_ns=aside.ended_ns,
        attributes=found,
        error=aside.error,
    )


def _usage_attributes(usage: Usage) -> dict[str, JsonValue]:
    return {
        a.INPUT_TOKENS: usage.input,
        a.OUTPUT_TOKENS: usage.output,
        a.CACHED_TOKENS: usage.cached,
        a.REASONING_TOKENS: usage.reasoning,
    }
