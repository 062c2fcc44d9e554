"""The influence bench in pyDVL: CgInfluence, for several test examples its block form."""
import importlib.metadata
import logging
import warnings

import torch
from influence_subject import F, serve
from pydvl.influence.torch import CgInfluence
from torch.utils.data import DataLoader, TensorDataset

TOLERANCE = 1e-5
ITERATIONS = 1000
logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")


def influence(subject, count, least=1.0):
    """It stops where a residual is below atol²; `least` is the shortest right-hand side."""
    loader = DataLoader(TensorDataset(subject.images, subject.labels), batch_size=subject.batch)
    return CgInfluence(
        subject.net,
        F.cross_entropy,
        regularization=subject.strength,
        rtol=0.0,
        atol=(TOLERANCE * least) ** 0.5,
        maxiter=ITERATIONS,
        solve_simultaneously=count > 1,
    ).fit(loader)


def scored(subject, model, factors):
    return torch.cat([model.influences_from_factors(factors, *batch).detach() for batch in subject.batches()], 1)


def query(subject, _, request):
    count = request["count"]
    images, labels = subject.tests(count)
    lengths = []
    for image, label in zip(images, labels):
        subject.net.zero_grad()
        subject.losses(dict(subject.net.named_parameters()), image[None], label[None]).sum().backward()
        lengths.append(torch.cat([p.grad.flatten() for p in subject.net.parameters()]).norm().item())

    def once():
        model = influence(subject, count, min(lengths))
        return scored(subject, model, model.influence_factors(images, labels).detach()) / subject.n

    return once


def scores(subject, directions, request):
    model = influence(subject, request["count"])
    return lambda: scored(subject, model, directions)


serve(importlib.metadata.version("pydvl"), {"query": query, "scores": scores})
