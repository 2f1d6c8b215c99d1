"""Graph surgery: any YOLOv8 detection ONNX becomes the one form that this product runs.

The form, the same for every shipped model:

- input `images`: uint8, [1, H, W, 3], RGB; H and W dynamic, multiples of 32.
- output `boxes`: float32, [1, 4 + C, A]; rows 0-3 are centre x, centre y, width, height in input pixels,
  the rows after them the class scores after the sigmoid.
- compute is float32; weights are stored as float16 and cast in the graph (half the size, same speed).
- metadata: names, thresholds (both JSON), task, stride, version, license.

What stands before the six last convolutions of the head is kept as it came; everything after them
(distribution focal loss decoding, anchors, see Ultralytics `Detect` and Li et al. 2020, arXiv:2006.04388) is
written anew, with anchors computed from the shapes in the graph, so that a runtime may fix any rectangle.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

STRIDES = (8, 16, 32)
DFL_BINS = 16
OPSET = 17
IR_VERSION = 9
MIN_HALF_ELEMENTS = 256


class NotYolov8(ValueError):
    """A graph whose head is not the YOLOv8 one, so nothing here would be right for it."""


def to_contract(source: onnx.ModelProto, keep_rows: Sequence[int], metadata: Mapping[str, str]) -> onnx.ModelProto:
    """Rewrite a YOLOv8 detection graph into the product's form.

    Args:
        source: as `ultralytics export format=onnx` wrote it, float32, fixed or dynamic size.
        keep_rows: the class ids to keep, in the order of the new score rows; the others are cut from
            the last classification convolutions, so they cost nothing.
        metadata: text properties to store; those of the source are dropped.

    Returns:
        A checked model.

    Raises:
        NotYolov8: the head is another one.
        ValueError: a class id is out of range.
    """
    boxes, scores = _head_convolutions(source.graph)
    graph = _Builder(_body(source.graph, [*boxes, *scores]), _weights(source.graph))
    for node in scores:
        graph.keep_output_channels(node, keep_rows)
    graph.add_preprocessing(source.graph.input[0].name)
    graph.add_decoder([n.output[0] for n in boxes], [n.output[0] for n in scores], len(keep_rows))
    graph.store_weights_as_half()
    return _finish(graph, len(keep_rows), metadata)


def _head_convolutions(graph: onnx.GraphProto) -> tuple[list[onnx.NodeProto], list[onnx.NodeProto]]:
    """The last convolutions of the box and the class branch, by stride."""
    found: dict[tuple[str, int], onnx.NodeProto] = {}
    for node in graph.node:
        if node.op_type != "Conv":
            continue
        for branch in ("cv2", "cv3"):
            for level in range(len(STRIDES)):
                if node.input[1].endswith(f".{branch}.{level}.2.weight"):
                    found[branch, level] = node
    if len(found) != 2 * len(STRIDES):
        raise NotYolov8(f"expected six convolutions named *.cv2.N.2 and *.cv3.N.2, found {sorted(found)}")
    return ([found["cv2", i] for i in range(3)], [found["cv3", i] for i in range(3)])


def _body(graph: onnx.GraphProto, ends: Sequence[onnx.NodeProto]) -> list[onnx.NodeProto]:
    """The nodes that the given ones depend on, in their order."""
    maker = {name: node for node in graph.node for name in node.output}
    wanted: set[str] = set()
    todo = [node.output[0] for node in ends]
    while todo:
        name = todo.pop()
        if name in wanted or name not in maker:
            continue
        wanted.update(maker[name].output)
        todo.extend(maker[name].input)
    return [node for node in graph.node if node.output[0] in wanted]


def _weights(graph: onnx.GraphProto) -> dict[str, NDArray[np.generic]]:
    return {item.name: numpy_helper.to_array(item) for item in graph.initializer}


class _Builder:
    """A graph in the making: nodes in order, initializers by name."""

    def __init__(self, nodes: list[onnx.NodeProto], weights: dict[str, NDArray[np.generic]]) -> None:
        used = {name for node in nodes for name in node.input}
        self.nodes = nodes
        self.weights = {name: value for name, value in weights.items() if name in used}

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        self.weights[name] = value
        return name

    def add(self, op: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(op, list(inputs), [name], name=f"{op}_{name}", **attributes))
        return name

    def keep_output_channels(self, node: onnx.NodeProto, rows: Sequence[int]) -> None:
        """Slice a convolution to the given output channels, in that order."""
        for name in node.input[1:3]:
            values = self.weights[name]
            if min(rows) < 0 or max(rows) >= values.shape[0]:
                raise ValueError(f"class ids must lie in 0..{values.shape[0] - 1}, got {list(rows)}")
            self.weights[name] = np.ascontiguousarray(values[list(rows)])

    def add_preprocessing(self, old_input: str) -> None:
        """uint8 NHWC to float NCHW in 0..1, in front of everything."""
        body, self.nodes = self.nodes, []
        self.add("Cast", ["images"], "images_float", to=TensorProto.FLOAT)
        self.add("Transpose", ["images_float"], "images_nchw", perm=[0, 3, 1, 2])
        scale = self.constant("one_255th", np.array(1 / 255, np.float32))
        self.add("Mul", ["images_nchw", scale], "images_unit")
        for node in body:
            for position, name in enumerate(node.input):
                if name == old_input:
                    node.input[position] = "images_unit"
        self.nodes += body

    def add_decoder(self, boxes: Sequence[str], scores: Sequence[str], classes: int) -> None:
        """Distances and logits of the three levels to `boxes` [1, 4 + C, A] in input pixels."""
        flat_box = self.constant("shape_box", np.array([1, 4 * DFL_BINS, -1], np.int64))
        flat_score = self.constant("shape_score", np.array([1, classes, -1], np.int64))
        for i, (box, score) in enumerate(zip(boxes, scores, strict=True)):
            self.add("Reshape", [box, flat_box], f"box_{i}")
            self.add("Reshape", [score, flat_score], f"score_{i}")
            self._add_anchors(box, i, STRIDES[i])
        self.add("Concat", [f"score_{i}" for i in range(3)], "logits", axis=2)
        self.add("Sigmoid", ["logits"], "scores")
        self.add("Concat", [f"box_{i}" for i in range(3)], "bins", axis=2)
        self.add("Concat", [f"anchor_{i}" for i in range(3)], "anchors", axis=2)
        self.add("Concat", [f"stride_{i}" for i in range(3)], "strides", axis=2)
        self._add_distances()
        half = self.constant("half", np.array(0.5, np.float32))
        self.add("Sub", ["right_bottom", "left_top"], "skew")
        self.add("Mul", ["skew", half], "shift")
        self.add("Add", ["anchors", "shift"], "centre")
        self.add("Add", ["left_top", "right_bottom"], "extent")
        self.add("Concat", ["centre", "extent"], "cells", axis=1)
        self.add("Mul", ["cells", "strides"], "pixels")
        self.add("Concat", ["pixels", "scores"], "boxes", axis=1)

    def _add_distances(self) -> None:
        """`bins` [1, 64, A] to the expected distances `left_top` and `right_bottom` [1, 2, A], in cells."""
        shape = self.constant("shape_bins", np.array([1, 4, DFL_BINS, -1], np.int64))
        self.add("Reshape", ["bins", shape], "bins_4d")
        self.add("Transpose", ["bins_4d"], "bins_first", perm=[0, 2, 1, 3])
        self.add("Softmax", ["bins_first"], "bin_share", axis=1)
        ramp = np.arange(DFL_BINS, dtype=np.float32).reshape(1, DFL_BINS, 1, 1)
        self.add("Conv", ["bin_share", self.constant("bin_value", ramp)], "distance_4d", kernel_shape=[1, 1])
        flat = self.constant("shape_distance", np.array([1, 4, -1], np.int64))
        self.add("Reshape", ["distance_4d", flat], "distance")
        two = self.constant("two_two", np.array([2, 2], np.int64))
        outputs = ["left_top", "right_bottom"]
        self.nodes.append(helper.make_node("Split", ["distance", two], outputs, name="Split_distance", axis=1))

    def _add_anchors(self, feature: str, i: int, stride: int) -> None:
        """`anchor_i` [1, 2, h*w]: each cell's centre, in cells; `stride_i` [1, 1, h*w]: pixels a cell."""
        zero = self.constant("zero", np.array(0, np.int64))
        one = self.constant("one", np.array(1, np.int64))
        middle = self.constant("middle", np.array(0.5, np.float32))
        row = self.constant("shape_row", np.array([1, 1, -1], np.int64))
        column = self.constant("shape_column", np.array([-1, 1], np.int64))
        self.add("Shape", [feature], f"shape_{i}", start=2, end=4)
        for axis, position in (("y", 0), ("x", 1)):
            index = self.constant(f"index_{axis}", np.array(position, np.int64))
            self.add("Gather", [f"shape_{i}", index], f"count_{axis}_{i}", axis=0)
            self.add("Range", [zero, f"count_{axis}_{i}", one], f"range_{axis}_{i}")
            self.add("Cast", [f"range_{axis}_{i}"], f"float_{axis}_{i}", to=TensorProto.FLOAT)
            self.add("Add", [f"float_{axis}_{i}", middle], f"line_{axis}_{i}")
        self.add("Reshape", [f"line_y_{i}", column], f"column_y_{i}")
        for axis, line in (("x", f"line_x_{i}"), ("y", f"column_y_{i}")):
            self.add("Expand", [line, f"shape_{i}"], f"grid_{axis}_{i}")
            self.add("Reshape", [f"grid_{axis}_{i}", row], f"flat_{axis}_{i}")
        self.add("Concat", [f"flat_x_{i}", f"flat_y_{i}"], f"anchor_{i}", axis=1)
        step = self.constant(f"step_{i}", np.array(stride, np.float32))
        self.add("Expand", [step, f"shape_{i}"], f"steps_{i}")
        self.add("Reshape", [f"steps_{i}", row], f"stride_{i}")

    def store_weights_as_half(self) -> None:
        """Large float32 weights become float16, each with a Cast back in front of its reader."""
        casts = []
        for name, value in list(self.weights.items()):
            if value.dtype != np.float32 or value.size < MIN_HALF_ELEMENTS or name == "bin_value":
                continue
            stored = self.constant(f"{name}.half", value.astype(np.float16))
            del self.weights[name]
            casts.append(helper.make_node("Cast", [stored], [name], name=f"Cast_{name}", to=TensorProto.FLOAT))
        self.nodes = casts + self.nodes


def _finish(graph: _Builder, classes: int, metadata: Mapping[str, str]) -> onnx.ModelProto:
    """Name the ends, stamp the versions, store the metadata and check the whole."""
    image = helper.make_tensor_value_info("images", TensorProto.UINT8, [1, "height", "width", 3])
    boxes = helper.make_tensor_value_info("boxes", TensorProto.FLOAT, [1, 4 + classes, "anchors"])
    weights = [numpy_helper.from_array(np.asarray(value), name) for name, value in graph.weights.items()]
    built = helper.make_graph(graph.nodes, "street_patrol_detector", [image], [boxes], weights)
    model = helper.make_model(built, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="street-patrol")
    model.ir_version = IR_VERSION
    helper.set_model_props(model, dict(metadata))
    onnx.checker.check_model(model, full_check=True)
    return model
