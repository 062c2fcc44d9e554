"""The networks of specs.ts in PyTorch."""
import torch

F = torch.nn.functional
ACTIVATIONS = {"lrelu": lambda x: F.leaky_relu(x, 0.2), "relu": F.relu, "tanh": torch.tanh}


class Net(torch.nn.Module):
    """TensorFlow's `same` padding: what is missing, the smaller half first."""

    def __init__(self, spec):
        super().__init__()
        self.layers, self.pads, self.weighted = spec["layers"], [], torch.nn.ModuleList()
        # Of each weighted layer: the shape of the image that a dense layer reads flat.
        self.images = []
        (height, width, channels), flat = spec["image"], False
        for layer in self.layers:
            pad = None
            if layer["kind"] == "conv":
                pad = []
                for size in (width, height):
                    missing = max((-(-size // layer["stride"]) - 1) * layer["stride"] + layer["kernel"] - size, 0)
                    pad += [missing // 2, missing - missing // 2]
                height, width = -(-height // layer["stride"]), -(-width // layer["stride"])
                # One pass less where both sides are padded alike.
                alike = pad[0] == pad[1] and pad[2] == pad[3]
                own = {"padding": (pad[2], pad[0])} if alike else {}
                pad = None if alike else pad
                conv = torch.nn.Conv2d(channels, layer["channels"], layer["kernel"], stride=layer["stride"], **own)
                self.weighted.append(conv)
                self.images.append(None)
                channels = layer["channels"]
            elif layer["kind"] == "pool":
                height, width = height // layer["size"], width // layer["size"]
            elif layer["kind"] == "dense":
                self.weighted.append(torch.nn.Linear(channels if flat else height * width * channels, layer["units"]))
                self.images.append(None if flat else (height, width, channels))
                channels, flat = layer["units"], True
            self.pads.append(pad)

    def forward(self, x):
        weighted = iter(self.weighted)
        for layer, pad in zip(self.layers, self.pads):
            kind = layer["kind"]
            if kind == "conv":
                x = next(weighted)(x if pad is None else F.pad(x, pad))
            elif kind == "pool":
                x = F.max_pool2d(x, layer["size"])
            elif kind == "dense":
                x = next(weighted)(x.flatten(1))
            elif kind == "dropout":
                x = F.dropout(x, 1 - layer["keep"], self.training)
            else:
                x = ACTIVATIONS[kind](x)
        return x
