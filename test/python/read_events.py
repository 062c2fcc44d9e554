"""Prints what TensorBoard's own reader finds in folders of event files, as JSON by folder."""

import base64
import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata
from tensorboard.util import tensor_util

ALL = {"scalars": 0, "histograms": 0, "images": 0, "tensors": 0}


def read(folder):
    events = EventAccumulator(folder, size_guidance=ALL)
    events.Reload()
    tags = events.Tags()

    def plain(value):
        return {
            "min": value.min,
            "max": value.max,
            "num": value.num,
            "sum": value.sum,
            "sum_squares": value.sum_squares,
            "limits": list(value.bucket_limit),
            "counts": list(value.bucket),
        }

    def settings(content):
        info = metadata.parse_session_start_info_plugin_data(content)
        return {name: getattr(value, value.WhichOneof("kind")) for name, value in info.hparams.items()}

    hparams = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content if (
        "_hparams_/session_start_info" in events.summary_metadata
    ) else None
    return {
        "scalars": {tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in tags["scalars"]},
        "histograms": {tag: [[e.step, plain(e.histogram_value)] for e in events.Histograms(tag)] for tag in tags["histograms"]},
        "images": {
            tag: [[e.step, e.width, e.height, base64.b64encode(e.encoded_image_string).decode()] for e in events.Images(tag)]
            for tag in tags["images"]
        },
        "texts": {
            tag: [tensor_util.make_ndarray(e.tensor_proto).item().decode() for e in events.Tensors(tag)]
            for tag in tags["tensors"]
        },
        "graph": {node.name: [node.op, list(node.input)] for node in events.Graph().node} if tags["graph"] else {},
        "hparams": None if hparams is None else settings(hparams),
    }


print(json.dumps({folder: read(folder) for folder in sys.argv[1:]}))
