"""Every span attribute name Burnish writes, in one table.

The `gen_ai.*`, `http.*`, `session.*` and `user.*` names follow the OpenTelemetry semantic conventions at `SCHEMA_URL`
(the GenAI ones are still in development there); the `burnish.*` names are ours.
"""

from typing import Final

SCHEMA_URL: Final = "https://opentelemetry.io/schemas/1.44.0"

HTTP_METHOD: Final = "http.request.method"
HTTP_STATUS: Final = "http.response.status_code"
URL_PATH: Final = "url.path"
ERROR_TYPE: Final = "error.type"
SESSION_ID: Final = "session.id"
USER_ID: Final = "user.id"

OPERATION: Final = "gen_ai.operation.name"
PROVIDER: Final = "gen_ai.provider.name"
AGENT_NAME: Final = "gen_ai.agent.name"
CONVERSATION_ID: Final = "gen_ai.conversation.id"
REQUEST_MODEL: Final = "gen_ai.request.model"
REQUEST_STREAM: Final = "gen_ai.request.stream"
RESPONSE_MODEL: Final = "gen_ai.response.model"
RESPONSE_ID: Final = "gen_ai.response.id"
FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
TIME_TO_FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"
INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
CACHED_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
REASONING_TOKENS: Final = "gen_ai.usage.reasoning.output_tokens"
TOOL_NAME: Final = "gen_ai.tool.name"
TOOL_CALL_ID: Final = "gen_ai.tool.call.id"
TOOL_ARGUMENTS: Final = "gen_ai.tool.call.arguments"
TOOL_RESULT: Final = "gen_ai.tool.call.result"
EVALUATION_NAME: Final = "gen_ai.evaluation.name"
EVALUATION_VALUE: Final = "gen_ai.evaluation.score.value"
EVALUATION_LABEL: Final = "gen_ai.evaluation.score.label"
EVALUATION_EXPLANATION: Final = "gen_ai.evaluation.explanation"

RUN_ID: Final = "burnish.run.id"
TENANT: Final = "burnish.tenant"
CONFIG_HASH: Final = "burnish.config.hash"
SOURCE: Final = "burnish.source"
OUTCOME: Final = "burnish.outcome"
ERROR: Final = "burnish.error"
SESSION_SOURCE: Final = "burnish.session.source"
TURN: Final = "burnish.turn"
VARIANT: Final = "burnish.variant"
FIRST_CHUNK: Final = "burnish.first_chunk_ns"
MODEL_REQUESTED: Final = "burnish.model.requested"
COST: Final = "burnish.cost.usd"
REQUEST_BODY: Final = "burnish.request.body"
SENT_BODY: Final = "burnish.request.sent"
ANSWER_BODY: Final = "burnish.answer.body"
STEP: Final = "burnish.step"
FACTS: Final = "burnish.facts"
TOOL_OUTCOME: Final = "burnish.tool.outcome"
TOOL_INFERRED: Final = "burnish.tool.inferred"
TOOL_ASKED_BY: Final = "burnish.tool.asked_by"
TOOL_TRACE: Final = "burnish.tool.asked_trace"
ATTEMPT_REQUEST_ID: Final = "burnish.upstream.request_id"
KIND: Final = "burnish.span"
RUN: Final = "burnish.run"
SCORE: Final = "burnish.score"
SCORE_DETAILS: Final = "burnish.score.details"

MEMORY_SEARCH: Final = "search_memory best_answers"
"""The span of the step that looks for past answers; its first word is the operation."""
FACT_GROUPS: Final = {"answers_shown": "retrieval", "guard_verdicts": "guard"}
"""Facts whose attributes do not bear the fact's own name: `burnish.retrieval.ids`, `burnish.guard.rules`."""

BODIES: Final = frozenset(
    {REQUEST_BODY, SENT_BODY, ANSWER_BODY, TOOL_ARGUMENTS, TOOL_RESULT, EVALUATION_EXPLANATION, SCORE_DETAILS}
)
"""Attributes that hold content, and so are shortened on their way to a trace viewer."""


def group_of(fact: str) -> str:
    """What stands between `burnish.` and the names of the fact's own attributes."""
    return FACT_GROUPS.get(fact, fact)
