"""The same work in PyTorch, on the networks of argv[2]. Reads lines of {"spec", "work", "runs"}, answers lines of {"ms": [...]}."""
import json
import sys
import time

import torch
from net import Net
from torch.func import functional_call, grad, jvp, vmap

torch.set_num_threads(int(sys.argv[1]))
torch.manual_seed(1)
F = torch.nn.functional


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
