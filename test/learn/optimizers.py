"""Prints the figures that optimizers.test.ts holds: five steps of PyTorch's optimizers in float64 (PyTorch 2.13.0).

Objective: 0.5 * (w0 - 1)^2 + 4 * (w1 + 2)^2 + 0.1 * w0^2 * w1^2 + exp(0.3 * b), begun at w = (0.5, -0.25), b = 1.
"""
import torch

torch.set_default_dtype(torch.float64)


def objective(w, b):
    return 0.5 * (w[0] - 1) ** 2 + 4 * (w[1] + 2) ** 2 + 0.1 * w[0] ** 2 * w[1] ** 2 + torch.exp(0.3 * b)


def run(name, make, clip=None):
    w = torch.tensor([0.5, -0.25], requires_grad=True)
    b = torch.tensor(1.0, requires_grad=True)
    optimizer = make([w, b])
    for _ in range(5):
        optimizer.zero_grad()
        objective(w, b).backward()
        if clip == "value":
            torch.nn.utils.clip_grad_value_([w, b], 0.5)
        if clip == "norm":
            # TensorFlow's formula: PyTorch's adds 1e-6 to the norm.
            norm = torch.sqrt(sum((p.grad**2).sum() for p in [w, b]))
            for p in [w, b]:
                p.grad *= 0.5 / torch.maximum(norm, torch.tensor(0.5))
        optimizer.step()
    print(f"{name}: [{', '.join(repr(v) for v in [*w.tolist(), b.item()])}],")


o = torch.optim
run("sgd", lambda p: o.SGD(p, lr=0.1))
run("momentum", lambda p: o.SGD(p, lr=0.05, momentum=0.9))
run("nesterov", lambda p: o.SGD(p, lr=0.05, momentum=0.9, nesterov=True))
run("adagrad", lambda p: o.Adagrad(p, lr=0.1))
run("rmsprop", lambda p: o.RMSprop(p, lr=0.01, alpha=0.9))
run("adam", lambda p: o.Adam(p, lr=0.1, betas=(0.9, 0.999), eps=1e-8))
run("adam_betas", lambda p: o.Adam(p, lr=0.1, betas=(0.5, 0.9), eps=1e-2))
run("adamw", lambda p: o.AdamW(p, lr=0.1, weight_decay=0.01))
run("clip_value", lambda p: o.SGD(p, lr=0.1), "value")
run("clip_norm", lambda p: o.SGD(p, lr=0.1, momentum=0.9), "norm")
