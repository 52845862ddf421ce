"""The graph of MiniLM, as ONNX: a BERT of six layers whose tokens' vectors are averaged and brought to length 1.

Its weights stay in their safetensors file, which the graph refers to. Sources: BERT, https://arxiv.org/abs/1810.04805;
the operators, https://onnx.ai/onnx/operators/; the model's card,
https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import onnx
from onnx import TensorProto, helper

from stores.embedding.safetensors import placed_in

SIZE: Final = 384
"""Numbers of a vector."""
_LAYERS: Final = 6
_HEADS: Final = 12
_HEAD: Final = SIZE // _HEADS
_EPSILON: Final = 1e-12
_FAR: Final = 1e4
"""Taken from the attention that padding would get."""
_OPSET: Final = 20
_IR: Final = 10


def minilm(weights: Path) -> bytes:
    """Takes `ids` (texts by tokens), their `positions` (tokens) and `mask` (texts by tokens, 1.0 but for padding);
    gives `vectors` (texts by `SIZE`)."""
    graph = _Graph(weights)
    ids, mask = "ids", "mask"
    words = graph.op("Gather", graph.weight("embeddings.word_embeddings.weight"), ids)
    places = graph.op("Gather", graph.weight("embeddings.position_embeddings.weight"), "positions")
    kind = graph.op("Gather", graph.weight("embeddings.token_type_embeddings.weight"), graph.whole(0))
    tokens = graph.norm(graph.op("Add", graph.op("Add", words, places), kind), "embeddings.LayerNorm")
    # Each token of each text is a row, so that a layer is one multiplication.
    rows = graph.whole([-1, SIZE])
    shape = graph.op("Shape", ids)
    by_head = graph.op("Concat", shape, graph.whole([_HEADS, _HEAD]), axis=0)
    padding = graph.op("Mul", graph.op("Sub", mask, graph.real(1.0)), graph.real(_FAR))
    padding = graph.op("Unsqueeze", padding, graph.whole([1, 2]))
    x = graph.op("Reshape", tokens, rows)
    for number in range(_LAYERS):
        layer = f"encoder.layer.{number}"
        query, key, value = (
            graph.op("Reshape", graph.dense(x, f"{layer}.attention.self.{name}"), by_head)
            for name in ("query", "key", "value")
        )
        query = graph.op("Transpose", query, perm=[0, 2, 1, 3])
        key = graph.op("Transpose", key, perm=[0, 2, 3, 1])
        value = graph.op("Transpose", value, perm=[0, 2, 1, 3])
        near = graph.op("Mul", graph.op("MatMul", query, key), graph.real(_HEAD**-0.5))
        attention = graph.op("Softmax", graph.op("Add", near, padding), axis=-1)
        heads = graph.op("Transpose", graph.op("MatMul", attention, value), perm=[0, 2, 1, 3])
        heard = graph.dense(graph.op("Reshape", heads, rows), f"{layer}.attention.output.dense")
        x = graph.norm(graph.op("Add", x, heard), f"{layer}.attention.output.LayerNorm")
        wide = graph.op("Gelu", graph.dense(x, f"{layer}.intermediate.dense"))
        x = graph.norm(graph.op("Add", x, graph.dense(wide, f"{layer}.output.dense")), f"{layer}.output.LayerNorm")
    by_text = graph.op("Reshape", x, graph.op("Concat", shape, graph.whole([SIZE]), axis=0))
    # The sum over tokens: at length 1 it is the mean.
    one = graph.whole([1])
    summed = graph.op("Squeeze", graph.op("MatMul", graph.op("Unsqueeze", mask, one), by_text), one)
    return graph.model(graph.op("LpNormalization", summed, axis=-1, p=2))


class _Graph:
    """Nodes, each named by what it gives."""

    def __init__(self, weights: Path) -> None:
        self._file = weights.name
        self._placed = placed_in(weights)
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}

    def op(self, operator: str, *inputs: str, **attributes: Any) -> str:
        output = f"{operator}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def dense(self, x: str, name: str) -> str:
        return self.op("Gemm", x, self.weight(f"{name}.weight"), self.weight(f"{name}.bias"), transB=1)

    def norm(self, x: str, name: str) -> str:
        weight, bias = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.op("LayerNormalization", x, weight, bias, axis=-1, epsilon=_EPSILON)

    def weight(self, name: str) -> str:
        placed = self._placed.get(name)
        if placed is None or placed.dtype != "F32":
            raise ValueError(f"{self._file} holds no weights of MiniLM: {name} is missing or not of 32 bits")
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=placed.shape)
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", self._file), ("offset", placed.offset), ("length", placed.length)):
            tensor.external_data.add(key=key, value=str(value))
        return self._keep(tensor)

    def whole(self, value: int | Sequence[int]) -> str:
        values = [value] if isinstance(value, int) else list(value)
        shape = [] if isinstance(value, int) else [len(values)]
        return self._keep(helper.make_tensor(f"whole_{value}", TensorProto.INT64, shape, values))

    def real(self, value: float) -> str:
        return self._keep(helper.make_tensor(f"real_{value}", TensorProto.FLOAT, [], [value]))

    def model(self, output: str) -> bytes:
        texts, tokens = "texts", "tokens"
        self._nodes.append(helper.make_node("Identity", [output], ["vectors"]))
        graph = helper.make_graph(
            self._nodes,
            "minilm",
            inputs=[
                helper.make_tensor_value_info("ids", TensorProto.INT64, [texts, tokens]),
                helper.make_tensor_value_info("positions", TensorProto.INT64, [tokens]),
                helper.make_tensor_value_info("mask", TensorProto.FLOAT, [texts, tokens]),
            ],
            outputs=[helper.make_tensor_value_info("vectors", TensorProto.FLOAT, [texts, SIZE])],
            initializer=list(self._constants.values()),
        )
        opset = [helper.make_opsetid("", _OPSET)]
        return helper.make_model(graph, opset_imports=opset, ir_version=_IR).SerializeToString()

    def _keep(self, tensor: onnx.TensorProto) -> str:
        self._constants[tensor.name] = tensor
        return tensor.name
