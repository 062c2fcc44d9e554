"""MNIST's files."""
import gzip
import os

import numpy as np
import torch


def idx(folder, name):
    path = os.path.join(folder, name)
    data = gzip.open(path + ".gz").read() if os.path.exists(path + ".gz") else open(path, "rb").read()
    axes = data[3]
    shape = np.frombuffer(data, ">u4", axes, 4)
    return torch.from_numpy(np.frombuffer(data, np.uint8, offset=4 + 4 * axes).reshape(shape).copy())


def load(folder, part):
    """Images f32[n, 1, 28, 28] from 0 to 1, labels i64[n]."""
    images = idx(folder, f"{part}-images-idx3-ubyte").float()[:, None] / 255
    return images, idx(folder, f"{part}-labels-idx1-ubyte").long()
