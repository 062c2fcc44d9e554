"""The influence bench as one writes it by hand in PyTorch: conjugate gradients over jvp of grad, scores as the jvp of the losses."""
import torch
from influence_subject import serve
from torch.func import grad, jvp, vmap

TOLERANCE = 1e-5


def product(subject, block):
    """H v of the objective, for every vector [k, p]."""

    def one(vector, images, labels):
        total = lambda p: subject.losses(p, images, labels).sum()
        return jvp(grad(total), (subject.parameters,), (subject.like(vector),))[1]

    sums = torch.zeros_like(block)
    for images, labels in subject.batches():
        if len(block) == 1:
            sums += subject.flat({name: v[None] for name, v in one(block[0], images, labels).items()})
        else:
            sums += subject.flat(vmap(one, (0, None, None))(block, images, labels))
    return sums / subject.n + subject.strength * block


def scores(subject, block):
    def one(vector, images, labels):
        return jvp(lambda p: subject.losses(p, images, labels), (subject.parameters,), (subject.like(vector),))[1]

    parts = []
    for images, labels in subject.batches():
        if len(block) == 1:
            parts.append(one(block[0], images, labels)[None])
        else:
            parts.append(vmap(one, (0, None, None))(block, images, labels))
    return torch.cat(parts, 1)


def solve(subject, rhs):
    """Each vector its own iteration, all of them in one pass over the data."""
    x, r = torch.zeros_like(rhs), rhs.clone()
    p, rr = r.clone(), (r * r).sum(1)
    bound = TOLERANCE**2 * rr
    while (rr > bound).any():
        image = product(subject, p)
        alpha = torch.where(rr > bound, rr / (p * image).sum(1), 0)[:, None]
        x, r = x + alpha * p, r - alpha * image
        after = (r * r).sum(1)
        p, rr = r + (after / rr)[:, None] * p, after
    return x


def query(subject, _, request):
    def once():
        images, labels = subject.tests(request["count"])
        one = lambda p, x, y: subject.losses(p, x[None], y[None])[0]
        rhs = subject.flat(vmap(grad(one), (None, 0, 0))(subject.parameters, images, labels))
        return scores(subject, solve(subject, rhs)) / subject.n

    return once


serve(
    torch.__version__,
    {
        "query": query,
        "products": lambda subject, directions, _: lambda: product(subject, directions),
        "scores": lambda subject, directions, _: lambda: scores(subject, directions),
    },
)
