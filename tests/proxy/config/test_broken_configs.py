"""Every mistake in a configuration gets one clear line: file, line, key, what is wrong, and the nearest valid name."""

from pathlib import Path

import pytest

from proxy.config.load import load
from proxy.config.problems import ConfigError
from tests.proxy.config.conftest import Load

HASH = "sha256:" + "a" * 64

SECTIONS = {
    "version": "1",
    "server": "{}",
    "console": "{}",
    "providers": "{local: {base_url: http://127.0.0.1:8089/v1}}",
    "models": "{fast: {provider: local, model: small}}",
    "records": "{}",
    "telemetry": "{}",
}
"""One line each, so that `version` is line 1 and `telemetry` line 7; the agent's own keys begin on line 11."""


def document(*agent: str, **sections: str) -> str:
    """A valid configuration with some sections replaced and some lines added to its only agent."""
    lines = [f"{name}: {text}" for name, text in (SECTIONS | sections).items()]
    lines += ["agents:", "  support:", "    models: {default: fast}", *(f"    {line}" for line in agent)]
    return "\n".join(lines) + "\n"


def test_the_document_that_the_others_break_is_valid(load_text: Load) -> None:
    assert load_text(document()).default_model("support") == "fast"


BROKEN = {
    "a misspelt key": (
        document(server="{lisen: 127.0.0.1:1}"),
        "burnish.yaml:2: server.lisen: unknown key; did you mean 'listen'?",
    ),
    "a misspelt section": (
        document(provider="{}"),
        "burnish.yaml:8: provider: unknown key; did you mean 'providers'?",
    ),
    "a misspelt choice": (
        document("mode: observ"),
        "burnish.yaml:11: agents.support.mode: expected 'apply', 'observe' or 'bypass', got 'observ';"
        " did you mean 'observe'?",
    ),
    "an embedder of a provider that is not there": (
        document(records="{embedder: {provider: lokal, model: small-embedding}}"),
        "burnish.yaml:6: records.embedder.provider: no provider called 'lokal'; did you mean 'local'?",
    ),
    "an embedder of a provider without an API of its own": (
        document(
            providers="{local: {base_url: http://127.0.0.1:8089/v1}, claude: {litellm: anthropic}}",
            records="{embedder: {provider: claude, model: m}}",
        ),
        "burnish.yaml:6: records.embedder.provider: needs a provider with a base_url of its own;"
        " leave embedder out to embed here",
    ),
    "a misspelt embedder": (
        document(records="{embedder: bundeld}"),
        "burnish.yaml:6: records.embedder: expected 'bundled', or a mapping with provider and model, got 'bundeld'",
    ),
    "another version": (document(version="2"), "burnish.yaml:1: version: expected 1, got 2"),
    "text where a number stands": (
        document(server="{queue: many}"),
        "burnish.yaml:2: server.queue: expected a whole number, got 'many'",
    ),
    "a yes where a number stands": (
        document(server="{queue: true}"),
        "burnish.yaml:2: server.queue: expected a number, got true or false",
    ),
    "a number where text stands": (
        document(models="{fast: {provider: local, model: 4.1}}"),
        "burnish.yaml:5: models.fast.model: expected text; put it in quotes, got 4.1",
    ),
    "a number below its least": (
        document("limits: {rpm: 0}"),
        "burnish.yaml:11: agents.support.limits.rpm: must be at least 1, got 0",
    ),
    "a mapping where a list stands": (
        document("middleware: {retrieval: {top_k: 3}}"),
        "burnish.yaml:11: agents.support.middleware: expected a list",
    ),
    "text where a mapping stands": (document(records="./data"), "burnish.yaml:6: records: expected a mapping"),
    "a duration without its unit": (
        document(server="{ping: 15}"),
        "burnish.yaml:2: server.ping: expected a duration with its unit, such as 15s, 500ms, 30m or 7d, got 15",
    ),
    "a size in no known unit": (
        document(server="{max_body: 32 megs}"),
        "burnish.yaml:2: server.max_body: expected a size such as 32MiB, 4KiB or 10MB, got '32 megs'",
    ),
    "an address without a port": (
        document(server="{listen: localhost}"),
        "burnish.yaml:2: server.listen: expected HOST:PORT, such as 127.0.0.1:8400, got 'localhost'",
    ),
    "an IPv6 address without brackets": (
        document(server='{listen: "::1:8400"}'),
        "burnish.yaml:2: server.listen: write an IPv6 address in brackets, such as [::1]:8400, got '::1:8400'",
    ),
    "people and agents on one address": (
        document(console="{listen: 127.0.0.1:8400}"),
        "burnish.yaml:3: console.listen: is the server's address; agents and people need one each",
    ),
    "a console open to the network without a token": (
        document(console="{listen: 0.0.0.0:8401}"),
        "burnish.yaml:3: console.token: is needed to listen on 0.0.0.0; set it, or listen on 127.0.0.1",
    ),
    "a provider of no kind": (
        document(providers="{local: {timeout: {idle: 1s}}}"),
        "burnish.yaml:4: providers.local: needs one of base_url, litellm or bundled",
    ),
    "a provider of two kinds": (
        document(providers="{local: {bundled: smollm2-135m-instruct, litellm: anthropic}}"),
        "burnish.yaml:4: providers.local: bundled stands alone; leave out base_url and litellm",
    ),
    "a URL of another scheme": (
        document(providers="{local: {base_url: ftp://models}}"),
        "burnish.yaml:4: providers.local.base_url: expected a URL that starts with http:// or https://,"
        " got 'ftp://models'",
    ),
    "a header that the connection sets": (
        document(providers="{local: {base_url: http://127.0.0.1:1, headers: {Host: elsewhere}}}"),
        "burnish.yaml:4: providers.local.headers.Host: is set by the connection and may not be configured",
    ),
    "a provider that does not exist": (
        document(models="{fast: {provider: locale, model: small}}"),
        "burnish.yaml:5: models.fast.provider: no provider called 'locale'; did you mean 'local'?",
    ),
    "a provider that must be there and has no key": (
        document(providers='{local: {base_url: https://models.example, api_key: "${env:KEY:-}", required: true}}'),
        "burnish.yaml:4: providers.local.api_key: is empty, and the provider is required",
    ),
    "a fallback that does not exist": (
        document(models="{fast: {provider: local, model: small, fallbacks: [smart]}}"),
        "burnish.yaml:5: models.fast.fallbacks[0]: no model called 'smart'",
    ),
    "fallbacks in a circle": (
        document(
            models="{fast: {provider: local, model: a, fallbacks: [smart]},"
            " smart: {provider: local, model: b, fallbacks: [fast]}}"
        ),
        "burnish.yaml:5: models.smart.fallbacks[0]: falls back in a circle: fast → smart → fast",
    ),
    "an agent without a default model": (
        document().replace("{default: fast}", "{allow: [fast]}"),
        "burnish.yaml:10: agents.support.models.default: is missing",
    ),
    "a default model that does not exist": (
        document().replace("{default: fast}", "{default: [fast, fasst]}"),
        "burnish.yaml:10: agents.support.models.default[1]: no model called 'fasst'; did you mean 'fast'?",
    ),
    "an allowed model that does not exist": (
        document().replace("{default: fast}", "{default: fast, allow: [smart]}"),
        "burnish.yaml:10: agents.support.models.allow[0]: no model called 'smart'",
    ),
    "an agent whose name cannot stand in a URL": (
        document().replace("  support:", "  my agent:"),
        "burnish.yaml:9: agents['my agent']: expected a name of letters, digits, '.', '_' and '-', at most 64",
    ),
    "a key given twice": (
        document(f'keys: ["{HASH}"]') + f'  billing: {{models: {{default: fast}}, keys: ["{HASH}"]}}\n',
        "burnish.yaml:12: agents.billing.keys[0]: is a key of 'support' already",
    ),
    "a schedule that is not cron": (
        document("learning: {schedule: daily}"),
        'burnish.yaml:11: agents.support.learning.schedule: expected five cron fields, such as "0 3 * * *",'
        " got 'daily'",
    ),
    "a matcher that every call would meet": (
        document("auxiliary: [{}]"),
        "burnish.yaml:11: agents.support.auxiliary[0]: names no condition; every call would match",
    ),
    "a pattern that does not compile": (
        document(telemetry="{redact: ['(']}"),
        "burnish.yaml:7: telemetry.redact[0]: is not a regular expression: missing ), unterminated subpattern at"
        " position 0, got '('",
    ),
    "a database of an unknown kind": (
        document(records="{url: mysql://db/burnish}"),
        "burnish.yaml:6: records.url: expected a URL that starts with sqlite:// or postgresql://,"
        " got 'mysql://db/burnish'",
    ),
    "a step that does not exist": (
        document("middleware: [retreival]"),
        "burnish.yaml:11: agents.support.middleware[0]: no middleware called 'retreival'; there are retrieval,"
        " variant_routing, guardrails, self_critique",
    ),
    "a setting that a step does not have": (
        document("middleware:", "  - variant_routing", "  - retrieval: {top_kk: 3}"),
        "burnish.yaml:13: agents.support.middleware[1].top_kk: unknown key; did you mean 'top_k'?",
    ),
    "a setting of the wrong type": (
        document("middleware:", "  - retrieval:", "      top_k: few"),
        "burnish.yaml:13: agents.support.middleware[0].top_k: expected a whole number, got 'few'",
    ),
    "a setting in neither of its forms": (
        document("middleware: [variant_routing: {policy: fixd}]"),
        "burnish.yaml:11: agents.support.middleware[0].policy: expected 'fixed', or a mapping with weighted,"
        " got 'fixd'",
    ),
    "a setting wrong within one of its forms": (
        document("middleware: [variant_routing: {policy: {weighted: {base: most}}}]"),
        "burnish.yaml:11: agents.support.middleware[0].policy.weighted.base: expected a number, got 'most'",
    ),
    "two steps in one entry": (
        document("middleware: [{retrieval: {}, guardrails: {}}]"),
        "burnish.yaml:11: agents.support.middleware[0]: expected one step name, such as `- retrieval: {top_k: 3}`",
    ),
    "a step that fails neither open nor closed": (
        document("middleware: [retrieval: {on_error: ajar}]"),
        "burnish.yaml:11: agents.support.middleware[0].on_error: expected 'open' or 'closed', got 'ajar'",
    ),
    "a step that stands twice": (
        document("middleware: [retrieval, retrieval]"),
        "burnish.yaml:11: agents.support.middleware[1]: retrieval stands twice; first at [0]",
    ),
    "routing that is not first": (
        document("middleware: [retrieval, variant_routing]"),
        "burnish.yaml:11: agents.support.middleware[1]: variant_routing must be the first step: it chooses the variant"
        " of all others",
    ),
    "guardrails behind what revises answers": (
        document("middleware: [self_critique, guardrails]"),
        "burnish.yaml:11: agents.support.middleware[1]: guardrails must stand before self_critique: else its revisions"
        " pass them by",
    ),
    "a base that changes something": (
        document("variants: {base: {model: fast}}"),
        "burnish.yaml:11: agents.support.variants.base: is the agent as it calls and changes nothing; name the change",
    ),
    "a variant with a model that does not exist": (
        document("variants: {terse: {model: smart}}"),
        "burnish.yaml:11: agents.support.variants.terse.model: no model called 'smart'",
    ),
    "a variant that loosens guardrails": (
        document("middleware: [guardrails]", "variants: {terse: {steps: {guardrails: {output: []}}}}"),
        "burnish.yaml:12: agents.support.variants.terse.steps.guardrails: a variant may not loosen guardrails",
    ),
    "a variant that changes how a step fails": (
        document("middleware: [retrieval]", "variants: {terse: {steps: {retrieval: {on_error: open}}}}"),
        "burnish.yaml:12: agents.support.variants.terse.steps.retrieval.on_error: belongs to the agent; a variant may"
        " not change it",
    ),
    "a variant that lifts a limit": (
        document("variants: {terse: {limits: {rpm: 9}}}"),
        "burnish.yaml:11: agents.support.variants.terse.limits: unknown key",
    ),
    "a variant of a step that the agent has not": (
        document("middleware: [retrieval]", "variants: {terse: {steps: {retreival: {top_k: 1}}}}"),
        "burnish.yaml:12: agents.support.variants.terse.steps.retreival: the agent's middleware has no such step;"
        " did you mean 'retrieval'?",
    ),
    "a variant's setting that the step does not have": (
        document("middleware: [retrieval: {top_k: 3}]", "variants: {terse: {steps: {retrieval: {topk: 1}}}}"),
        "burnish.yaml:12: agents.support.variants.terse.steps.retrieval.topk: unknown key; did you mean 'top_k'?",
    ),
    "a key given twice in a mapping": (
        document("mode: apply", "mode: observe"),
        "burnish.yaml:12: agents.support.mode: is given twice; first on line 11",
    ),
    "a variable that is not set": (
        document(server='{queue: "${env:QUEUE}"}'),
        "burnish.yaml:2: server.queue: environment variable QUEUE is not set; set it, or give a default:"
        " ${env:QUEUE:-…}",
    ),
    "a file that is not there": (
        document(console='{token: "${file:token}"}'),
        "burnish.yaml:3: console.token: file token is missing or empty; set it, or give a default: ${file:token:-…}",
    ),
    "a reference of no kind": (
        document(server='{listen: "${LISTEN}"}'),
        "burnish.yaml:2: server.listen: expected ${env:NAME} or ${file:PATH}; to keep a plain ${, write $${",
    ),
    "a reference that is not quoted inside braces": (
        document(console="{token: ${env:TOKEN}}"),
        "burnish.yaml:3: is not YAML: while parsing a flow mapping, expected ',' or '}', but got '{';"
        ' put "${…}" in quotes inside { }',
    ),
    "a tab for indentation": (
        document("\tmode: apply"),
        "burnish.yaml:11: is not YAML: while scanning for the next token, found character '\\t' that cannot start any"
        " token",
    ),
    "an alias of nothing": (document(server="*base"), "burnish.yaml:2: is not YAML: found undefined alias 'base'"),
    "two documents": (
        document() + "---\nversion: 1\n",
        "burnish.yaml:11: is not YAML: expected a single document in the stream, but found another document",
    ),
    "a tag that makes objects": (
        document(records="!!python/object:os.system {}"),
        "burnish.yaml:6: records: YAML tag tag:yaml.org,2002:python/object:os.system is not supported",
    ),
    "an alias that holds itself": (
        document("variants: &all {more: *all}"),
        "burnish.yaml:11: unfolds into too many values; an alias repeats too much",
    ),
    "nothing": ("", "burnish.yaml:1: expected a mapping that begins with version: 1"),
    "a list": ("- version: 1", "burnish.yaml:1: expected a mapping that begins with version: 1"),
}


@pytest.mark.parametrize(("text", "line"), BROKEN.values(), ids=BROKEN)
def test_a_mistake_gets_one_clear_line(load_text: Load, text: str, line: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_text(text)
    assert refused.value.lines == [line]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(load_text: Load) -> None:
    text = document(
        "mode: observ",
        "middleware:",
        "  - retrieval: {top_k: few, min_similarity: 0.5}",
        "  - shout: {suffix: '!'}",
        server='{ping: 15, queue: "${env:QUEUE}"}',
        models="{fast: {provider: locl, model: small}}",
    )
    with pytest.raises(ConfigError) as refused:
        load_text(text)
    assert [line.split(": ")[:2] for line in refused.value.lines] == [
        ["burnish.yaml:2", "server.queue"],
        ["burnish.yaml:2", "server.ping"],
        ["burnish.yaml:5", "models.fast.provider"],
        ["burnish.yaml:11", "agents.support.mode"],
        ["burnish.yaml:13", "agents.support.middleware[0].top_k"],
        ["burnish.yaml:14", "agents.support.middleware[1]"],
    ]


def test_what_only_follows_from_another_mistake_is_not_told(load_text: Load) -> None:
    with pytest.raises(ConfigError) as refused:
        load_text(document(providers='{local: {base_url: "${env:URL}"}}'))
    assert [line.split(": ")[1] for line in refused.value.lines] == ["providers.local.base_url"]


def test_a_file_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"^other\.yaml: cannot be read \(No such file or directory\)$"):
        load("other.yaml", env={})
