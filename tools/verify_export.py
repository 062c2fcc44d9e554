"""Compares what other programs make of mtt's files with what mtt predicted. tools/verify-export.ts writes the folder that is the argument."""

import json
import os
import sys
from importlib.util import find_spec

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if find_spec("numpy") is None:
    sys.exit(f"{sys.executable} has no numpy: MTT_PYTHON names an interpreter with numpy and one of onnxruntime, tensorflow, torch")
import numpy as np

TOLERANCE = 1e-4


def by_onnxruntime(folder, image):
    import onnxruntime

    session = onnxruntime.InferenceSession(os.path.join(folder, "model.onnx"), providers=["CPUExecutionProvider"])
    return session.run(["result"], {"image": image})[0], onnxruntime.__version__


def by_tensorflow(folder, image):
    import tensorflow as tf

    ask = tf.saved_model.load(os.path.join(folder, "saved_model")).signatures["serving_default"]
    return ask(image=tf.constant(image))["result"].numpy(), tf.__version__


def read_safetensors(path):
    """The format by hand: length, JSON header, arrays."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        data = file.read()
    dtypes = {"F32": "<f4", "F64": "<f8", "I32": "<i4"}
    return {
        name: np.frombuffer(data[slice(*entry["data_offsets"])], dtypes[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in header.items()
    }


def by_torch(folder, image):
    """The network of verify-export.ts, written in PyTorch, with mtt's weights."""
    import torch
    import torch.nn.functional as F

    p = {name: torch.from_numpy(array.copy()) for name, array in read_safetensors(os.path.join(folder, "model.safetensors")).items()}
    x = torch.from_numpy(image).permute(0, 3, 1, 2)
    # `same` for a window of 5 x 3 in steps of 2 over 28 x 28: 3 rows and 1 column are missing, the smaller half before.
    x = F.conv2d(F.pad(x, (0, 1, 1, 2)), p["layer0/W"].permute(3, 2, 0, 1), p["layer0/b"], stride=2)
    x = F.leaky_relu(x, 0.2)
    x = F.batch_norm(x, p["layer1/running_mean"], p["layer1/running_variance"], p["layer1/scale"], p["layer1/shift"], eps=1e-3)
    x = F.max_pool2d(x, 2).permute(0, 2, 3, 1).flatten(1)
    return (x @ p["layer2/W"] + p["layer2/b"]).numpy(), torch.__version__


def main(folder):
    image = np.load(os.path.join(folder, "image.npy"))
    expected = np.load(os.path.join(folder, "expected.npy"))
    readers = {
        "onnxruntime": (by_onnxruntime, "model.onnx"),
        "tensorflow": (by_tensorflow, "saved_model/"),
        "torch": (by_torch, "model.safetensors"),
    }
    asked = {package: reader for package, reader in readers.items() if find_spec(package) is not None}
    wrong = 0
    for package, (ask, file) in asked.items():
        worst = 0.0
        version = ""
        # Batches of several sizes, each by itself.
        for n in (1, 2, len(image)):
            got, version = ask(folder, image[:n])
            if got.shape != expected[:n].shape:
                sys.exit(f"{file} by {package} {version}: {got.shape} for a batch of {n}, and {expected[:n].shape} is right")
            worst = max(worst, float(np.abs(got - expected[:n]).max()))
        wrong += worst > TOLERANCE
        print(f"{file} by {package} {version}: {'differs by' if worst > TOLERANCE else 'agrees within'} {worst:.1e}")
    for package in readers.keys() - asked.keys():
        print(f"{readers[package][1]}: not looked at, {package} is not installed for {sys.executable}")
    if not asked:
        sys.exit("nothing was compared: MTT_PYTHON names an interpreter with onnxruntime, tensorflow or torch")
    sys.exit(1 if wrong else 0)


main(sys.argv[1])
