"""The influence bench in dattri: IFAttributorCG.

It sums the inverses of batches' Hessians, so the data is one batch; it knows no tolerance, so it gets the iterations that ours took for one test example.
Its `attribute` solves again for each batch of training examples; here its own parts are called, each once.
"""
import importlib.metadata

import torch
from dattri.algorithm.influence_function import IFAttributorCG
from dattri.task import AttributionTask
from influence_subject import F, serve
from torch.func import functional_call
from torch.utils.data import DataLoader, TensorDataset


def attributor(subject, iterations):
    def loss(parameters, data):
        images, labels = data
        # Single examples come without their axis.
        one = images.dim() == 3
        images, labels = (images[None], labels[None]) if one else (images, labels)
        return F.cross_entropy(functional_call(subject.net, parameters, (images,)), labels)

    task = AttributionTask(loss_func=loss, model=subject.net, checkpoints=subject.net.state_dict())
    made = IFAttributorCG(
        task=task, max_iter=iterations, regularization=subject.strength, mode="rev-fwd"
    )
    made.cache(DataLoader(TensorDataset(subject.images, subject.labels), batch_size=subject.n))
    return made


def represented(made, subject, directions):
    parts = []
    for images, labels in subject.batches():
        rows = made.generate_train_rep(0, (images[None], labels[None]))
        parts.append(directions @ rows.T)
    return torch.cat(parts, 1).detach()


def query(subject, _, request):
    def once():
        made = attributor(subject, request["iterations"])
        images, labels = subject.tests(request["count"])
        rhs = made.generate_test_rep(0, (images[None], labels[None]))
        return represented(made, subject, made.transform_test_rep(0, rhs)) / subject.n

    return once


def scores(subject, directions, request):
    made = attributor(subject, request["iterations"])
    return lambda: represented(made, subject, directions)


serve(importlib.metadata.version("dattri"), {"query": query, "scores": scores})
