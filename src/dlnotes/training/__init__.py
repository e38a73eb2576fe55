"""训练：一个训练循环、许多种子、评估、统计与比较、消融实验。"""

from dlnotes.training.ablation import AblationTable, ablate
from dlnotes.training.comparisons import Comparison, compare, compare_all
from dlnotes.training.ensembles import Reliability, error_correlation, reliability
from dlnotes.training.evaluation import Evaluation, accuracy, confusion_matrix, evaluate, predict
from dlnotes.training.factories import Augmented, make_factory
from dlnotes.training.grid import run_grid
from dlnotes.training.loop import OPTIMIZERS, History, fit, make_optimizer
from dlnotes.training.many import GridEdgeWarning, SeedRuns, fit_seeds
from dlnotes.training.significance import detectable_difference, holm, sign_flip_test
from dlnotes.training.statistics import (
    bca_interval,
    mean_std,
    probability_greater,
    steps_to_target,
    summarize,
)

__all__ = [
    "OPTIMIZERS",
    "AblationTable",
    "Augmented",
    "Comparison",
    "Evaluation",
    "GridEdgeWarning",
    "History",
    "Reliability",
    "SeedRuns",
    "ablate",
    "accuracy",
    "bca_interval",
    "compare",
    "compare_all",
    "confusion_matrix",
    "detectable_difference",
    "error_correlation",
    "evaluate",
    "fit",
    "fit_seeds",
    "holm",
    "make_factory",
    "make_optimizer",
    "mean_std",
    "predict",
    "probability_greater",
    "reliability",
    "run_grid",
    "sign_flip_test",
    "steps_to_target",
    "summarize",
]
