"""The same work in PyTorch. Reads lines of {"work", "runs"}, answers lines of {"ms": [...]} on standard output."""
import json
import resource
import sys
import time

import torch
from torch.func import functional_call, grad, jvp, vmap

torch.set_num_threads(int(sys.argv[1]))
torch.manual_seed(1)
BATCH = 256


class Net(torch.nn.Module):
    """TensorFlow's `same` padding of a strided convolution is uneven for even sizes: (0, 1), else (1, 1)."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.ModuleList(torch.nn.Conv2d(i, o, 3, stride=2) for i, o in ((1, 8), (8, 16), (16, 32)))
        self.dense = torch.nn.ModuleList((torch.nn.Linear(512, 32), torch.nn.Linear(32, 10)))

    def forward(self, x):
        for conv, pad in zip(self.conv, ((0, 1, 0, 1), (0, 1, 0, 1), (1, 1, 1, 1))):
            x = torch.nn.functional.leaky_relu(conv(torch.nn.functional.pad(x, pad)), 0.2)
        x = torch.nn.functional.dropout(self.dense[0](x.flatten(1)), 0.5, self.training)
        x = torch.nn.functional.leaky_relu(x, 0.2)
        return torch.nn.functional.dropout(self.dense[1](x), 0.5, self.training)


net = Net()
images = torch.rand(BATCH, 1, 28, 28)
labels = torch.arange(BATCH) % 10
cross_entropy = torch.nn.functional.cross_entropy
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
parameters = {name: p.detach().clone() for name, p in net.named_parameters()}
directions = {name: torch.randn_like(p) for name, p in parameters.items()}


def losses(p):
    return cross_entropy(functional_call(net, p, (images,)), labels, reduction="none")


def one(p, image, label):
    return cross_entropy(functional_call(net, p, (image[None],)), label[None])


def forward():
    with torch.no_grad():
        net(images)


def step():
    optimizer.zero_grad()
    cross_entropy(net(images), labels).backward()
    optimizer.step()


def hvp():
    jvp(grad(lambda p: losses(p).mean()), (parameters,), (directions,))


def per_example_jvp():
    jvp(losses, (parameters,), (directions,))


def per_example_gradients():
    vmap(grad(one), (None, 0, 0))(parameters, images, labels)


works = {
    "forward": (forward, False),
    "training step (Adam)": (step, True),
    "HVP": (hvp, False),
    "per-example losses' jvp": (per_example_jvp, False),
    "per-example gradients": (per_example_gradients, False),
}
print(json.dumps({"version": torch.__version__}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    if request["work"] == "memory":
        print(json.dumps({"ms": [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]}), flush=True)
        continue
    work, training = works[request["work"]]
    net.train(training)
    ms = []
    for _ in range(request["runs"]):
        begin = time.perf_counter()
        work()
        ms.append((time.perf_counter() - begin) * 1000)
    print(json.dumps({"ms": ms}), flush=True)
