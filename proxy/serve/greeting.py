"""What a person reads when the proxy has started: where it is, what it answers with, and how to call it."""

from proxy.config.model import Config
from proxy.serve.keys import Ready


def greeting(config: Config, address: tuple[str, int], keys: Ready, workers: int, program: str = "burnish") -> str:
    """The text, for one agent in full and for the others by name. `program` is how the command line is called here."""
    host, port = address
    base = f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{port}"
    lines = ["", f"Burnish is listening on {base}  ({_processes(workers)}, configuration {config.hash})", ""]
    lines += [f"  agent {name}: {_model(config, name)}" for name in config.agents]
    if not config.agents:
        return "\n".join([*lines, "  no agents are configured: add one under `agents`, and a key for it", ""])
    agent = next(iter(keys.fresh), next(iter(config.agents)))
    key = keys.fresh.get(agent)
    lines += ["", *_key(agent, key, program)]
    for other, fresh in keys.fresh.items():
        if other != agent:
            lines += _key(other, fresh, program)
    shown = key or "$BURNISH_API_KEY"
    in_python = f'"{key}"' if key else 'os.environ["BURNISH_API_KEY"]'
    lines += [
        "",
        "Python (pip install openai):",
        "",
        *([] if key else ["    import os"]),
        "    from openai import OpenAI",
        f'    client = OpenAI(base_url="{base}/v1", api_key={in_python})',
        '    ask = [{"role": "user", "content": "Name three uses of wax."}]',
        '    print(client.chat.completions.create(model="default", messages=ask).choices[0].message.content)',
        '    for part in client.chat.completions.create(model="default", messages=ask, stream=True):',
        '        print(part.choices[0].delta.content or "", end="", flush=True)',
        "",
        "or a shell:",
        "",
        f"    curl {base}/v1/chat/completions -H 'Authorization: Bearer {shown}' \\"
        if key
        else f'    curl {base}/v1/chat/completions -H "Authorization: Bearer {shown}" \\',
        "      -H 'Content-Type: application/json' \\",
        """      -d '{"model": "default", "messages": [{"role": "user", "content": "Name three uses of wax."}]}'""",
        "",
        f"Then look at what was recorded: {program} runs, {program} show RUN.  Stop with Ctrl-C.",
        "",
    ]
    return "\n".join(lines)


def _processes(workers: int) -> str:
    return "1 worker" if workers == 1 else f"{workers} workers"


def _model(config: Config, agent: str) -> str:
    name = config.default_model(agent)
    if name is None:
        return "no model can be reached; set the API key of one of its providers"
    model = config.models[name]
    provider = config.providers[model.provider]
    where = "the bundled small model, on this machine" if provider.bundled else f"provider {model.provider}"
    return f"{model.model} ({where})"


def _key(agent: str, key: str | None, program: str) -> list[str]:
    if key is None:
        return [
            f"The key of {agent} was shown when it was made. Another: {program} key new {agent}",
        ]
    return [f"The key of {agent}, shown this once:  {key}"]
