"""The same work in PyTorch, on the networks of argv[2]. Reads lines of {"spec", "work", "runs"}, answers lines of {"ms": [...]}."""
import json
import sys
import time

import torch
from torch.func import functional_call, grad, jvp, vmap

torch.set_num_threads(int(sys.argv[1]))
torch.manual_seed(1)
F = torch.nn.functional
ACTIVATIONS = {"lrelu": lambda x: F.leaky_relu(x, 0.2), "relu": F.relu, "tanh": torch.tanh}


class Net(torch.nn.Module):
    """TensorFlow's `same` padding: what is missing, the smaller half first."""

    def __init__(self, spec):
        super().__init__()
        self.layers, self.pads, self.weighted = spec["layers"], [], torch.nn.ModuleList()
        (height, width, channels), flat = spec["image"], False
        for layer in self.layers:
            pad = None
            if layer["kind"] == "conv":
                pad = []
                for size in (width, height):
                    missing = max((-(-size // layer["stride"]) - 1) * layer["stride"] + layer["kernel"] - size, 0)
                    pad += [missing // 2, missing - missing // 2]
                height, width = -(-height // layer["stride"]), -(-width // layer["stride"])
                conv = torch.nn.Conv2d(channels, layer["channels"], layer["kernel"], stride=layer["stride"])
                self.weighted.append(conv)
                channels = layer["channels"]
            elif layer["kind"] == "pool":
                height, width = height // layer["size"], width // layer["size"]
            elif layer["kind"] == "dense":
                self.weighted.append(torch.nn.Linear(channels if flat else height * width * channels, layer["units"]))
                channels, flat = layer["units"], True
            self.pads.append(pad)

    def forward(self, x):
        weighted = iter(self.weighted)
        for layer, pad in zip(self.layers, self.pads):
            kind = layer["kind"]
            if kind == "conv":
                conv = next(weighted)
                # One pass less where both sides are padded alike.
                if pad[0] == pad[1] and pad[2] == pad[3]:
                    x = F.conv2d(x, conv.weight, conv.bias, conv.stride, (pad[2], pad[0]))
                else:
                    x = conv(F.pad(x, pad))
            elif kind == "pool":
                x = F.max_pool2d(x, layer["size"])
            elif kind == "dense":
                x = next(weighted)(x.flatten(1))
            elif kind == "dropout":
                x = F.dropout(x, 1 - layer["keep"], self.training)
            else:
                x = ACTIVATIONS[kind](x)
        return x


def works(spec):
    net = Net(spec)
    batch = spec["batch"]
    height, width, channels = spec["image"]
    images = torch.rand(batch, channels, height, width)
    labels = torch.arange(batch) % spec["classes"]
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    parameters = {name: p.detach().clone() for name, p in net.named_parameters()}
    directions = {name: torch.randn_like(p) for name, p in parameters.items()}

    def losses(p):
        return F.cross_entropy(functional_call(net, p, (images,)), labels, reduction="none")

    def one(p, image, label):
        return F.cross_entropy(functional_call(net, p, (image[None],)), label[None])

    def forward():
        with torch.no_grad():
            net(images)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(net(images), labels).backward()
        optimizer.step()

    return net, {
        "forward": forward,
        "step": step,
        "hvp": lambda: jvp(grad(lambda p: losses(p).mean()), (parameters,), (directions,)),
        "jvp": lambda: jvp(losses, (parameters,), (directions,)),
        "gradients": lambda: vmap(grad(one), (None, 0, 0))(parameters, images, labels),
    }


made = {}
specs = json.loads(sys.argv[2])
print(json.dumps({"version": torch.__version__}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    number = request["spec"]
    if number not in made:
        made[number] = works(specs[number])
    net, known = made[number]
    net.train(request["work"] == "step")
    ms = []
    for _ in range(request["runs"]):
        begin = time.perf_counter()
        known[request["work"]]()
        ms.append((time.perf_counter() - begin) * 1000)
    print(json.dumps({"ms": ms}), flush=True)
