"""What all sides of the influence bench share: networks, parameters, data, and the loop that answers requests.

SCRIPT THREADS FOLDER DATA SPECS: parameters are FOLDER/<name>.safetensors, images in DATA. Reads lines of {"subject", "work", "count", "runs",
"iterations", "ours"}, answers lines of {"seconds", "r", "apart", "peak"}: the correlation with our answers in the file `ours`, ‖a - b‖ / ‖b‖, and the process's peak in MB.
"""
import json
import os
import resource
import sys
import time

import torch
from mnist import load
from net import Net
from safetensors.torch import load_file
from torch.func import functional_call

THREADS, FOLDER, DATA, SPECS = int(sys.argv[1]), sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
torch.set_num_threads(THREADS)
F = torch.nn.functional


class Subject:
    """`strength`: of the penalty, half of it times the sum of squares. Losses are without it."""

    def __init__(self, spec, strength, train, test):
        self.net = Net(spec).eval()
        self.strength = float(strength)
        self.images, self.labels = train
        self.test_images, self.test_labels = test
        self.batch = spec["batch"]
        self.net.load_state_dict(self.named(load_file(os.path.join(FOLDER, f"{spec['name']}.safetensors"))))
        self.parameters = {name: p.detach() for name, p in self.net.named_parameters()}
        self.n = len(self.labels)

    def named(self, arrays):
        """Our arrays by path, each with axes in front or without, as PyTorch's by name."""
        result = {}
        for i, (layer, image) in enumerate(zip(self.net.weighted, self.net.images)):
            weight, bias = arrays[f"layer{i}/W"], arrays[f"layer{i}/b"]
            if isinstance(layer, torch.nn.Conv2d):
                weight = weight.movedim((-1, -2), (-4, -3))
            else:
                front, (size, units) = weight.shape[:-2], weight.shape[-2:]
                if image is not None:
                    weight = weight.reshape(*front, *image, units).movedim(-2, -4).reshape(*front, size, units)
                weight = weight.movedim(-1, -2)
            result[f"weighted.{i}.weight"], result[f"weighted.{i}.bias"] = weight.contiguous(), bias
        return result

    def flat(self, named):
        """[k, p] of arrays with an axis in front, in PyTorch's order."""
        return torch.cat([named[name].flatten(1) for name in self.parameters], 1)

    def like(self, vector):
        """The inverse of `flat` for one vector [p], or for several [k, p]."""
        result, at = {}, 0
        for name, p in self.parameters.items():
            result[name] = vector[..., at : at + p.numel()].reshape(*vector.shape[:-1], *p.shape)
            at += p.numel()
        return result

    def losses(self, parameters, images, labels):
        return F.cross_entropy(functional_call(self.net, parameters, (images,)), labels, reduction="none")

    def batches(self):
        return zip(self.images.split(self.batch), self.labels.split(self.batch))

    def tests(self, count):
        return self.test_images[:count], self.test_labels[:count]


def compared(a, b):
    a, b = a.double().flatten(), b.double().flatten()
    return {
        "r": torch.corrcoef(torch.stack([a, b]))[0, 1].item(),
        "apart": (torch.linalg.norm(a - b) / torch.linalg.norm(b)).item(),
    }


def serve(version, works):
    """`works`: by name, (subject, directions [k, p] or None, request) -> a function that is timed and answers what is compared."""
    train, test = load(DATA, "train"), load(DATA, "t10k")
    subjects = {}
    print(json.dumps({"version": version}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        spec = SPECS[request["subject"]]
        subject = subjects.setdefault(spec["name"], Subject(spec, spec["strength"], train, test))
        ours = load_file(request["ours"])
        of = lambda what: {k.split("/", 1)[1]: v for k, v in ours.items() if k.startswith(f"{what}/")}
        directions = of("directions")
        once = works[request["work"]](
            subject, subject.flat(subject.named(directions)) if directions else None, request
        )
        seconds = []
        for _ in range(request["runs"]):
            begin = time.perf_counter()
            answer = once()
            seconds.append(time.perf_counter() - begin)
        agreement = {}
        if answer is not None:
            expected = ours["scores"] if "scores" in ours else subject.flat(subject.named(of("products")))
            agreement = compared(answer, expected[: request["count"]])
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": seconds, "peak": peak, **agreement}), flush=True)
