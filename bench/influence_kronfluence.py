"""The influence bench in Kronfluence: EK-FAC's factors, and scores through them."""
import importlib.metadata
import logging
import tempfile

import torch
from influence_subject import F, serve
from kronfluence.analyzer import Analyzer, prepare_model
from kronfluence.arguments import FactorArguments, ScoreArguments
from kronfluence.task import Task
from torch.utils.data import TensorDataset

logging.disable(logging.CRITICAL)
torch.manual_seed(0)


class Classified(Task):
    def compute_train_loss(self, batch, model, sample=False):
        images, labels = batch
        logits = model(images)
        if sample:
            with torch.no_grad():
                labels = torch.multinomial(logits.detach().softmax(-1), 1).flatten()
        return F.cross_entropy(logits, labels, reduction="sum")

    def compute_measurement(self, batch, model):
        return self.compute_train_loss(batch, model)


analyzers = {}


def analyzer(subject):
    if subject not in analyzers:
        model = prepare_model(subject.net, Classified())
        analyzers[subject] = Analyzer(
            "bench", model, Classified(), cpu=True, disable_tqdm=True, output_dir=tempfile.mkdtemp()
        )
    return analyzers[subject]


def fit(subject):
    analyzer(subject).fit_all_factors(
        "ekfac",
        TensorDataset(subject.images, subject.labels),
        per_device_batch_size=subject.batch,
        factor_args=FactorArguments(strategy="ekfac"),
        overwrite_output_dir=True,
    )


def scores(subject, _, request):
    count = request["count"]
    if analyzer(subject).load_lambda_matrices("ekfac") is None:
        fit(subject)

    def once():
        analyzer(subject).compute_pairwise_scores(
            "scores",
            "ekfac",
            query_dataset=TensorDataset(*subject.tests(count)),
            train_dataset=TensorDataset(subject.images, subject.labels),
            per_device_query_batch_size=count,
            per_device_train_batch_size=subject.batch,
            # As ours: a tenth of a layer's mean eigenvalue.
            score_args=ScoreArguments(damping_factor=None),
            overwrite_output_dir=True,
        )
        return analyzer(subject).load_pairwise_scores("scores")["all_modules"] / subject.n

    return once


serve(
    importlib.metadata.version("kronfluence"),
    {"factors": lambda subject, *_: lambda: fit(subject), "scores": scores},
)
