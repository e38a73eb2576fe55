"""Evaluation against arithmetic by hand and scikit-learn."""

import pytest
import torch
import torch.nn.functional as F
from sklearn.metrics import confusion_matrix as sklearn_matrix
from torch import nn

from dlnotes.data import spiral
from dlnotes.models import mlp
from dlnotes.training import accuracy, confusion_matrix, evaluate, predict


def dropping() -> nn.Module:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 3))
    model[1].running_mean.fill_(0.3)
    return model


def test_evaluate_equals_the_loss_and_accuracy_of_one_pass_in_eval_mode():
    X, y = spiral(20, seed=0)
    model = dropping()
    loss, right = evaluate(model, X, y)
    model.eval()
    y_hat = model(X)
    assert loss == pytest.approx(F.cross_entropy(y_hat, y).item())
    assert right == (y_hat.argmax(1) == y).double().mean().item() == accuracy(model, X, y)


@pytest.mark.parametrize("batch_size", [1, 7, 60, 1000])
def test_evaluate_does_not_depend_on_the_batch_size(batch_size):
    X, y = spiral(20, seed=0)
    whole, parts = (evaluate(dropping(), X, y, batch_size=n) for n in (60, batch_size))
    assert parts == pytest.approx(whole, abs=1e-6)


def test_evaluate_and_accuracy_leave_every_mode_as_it_was():
    model = dropping()
    model[1].eval()
    for look in (evaluate, accuracy, confusion_matrix):
        look(model, *spiral(5, seed=0))
        assert [m.training for m in model] == [True, False, True, True]
        assert model.training


def test_modes_come_back_after_a_failing_pass():
    model = dropping()
    with pytest.raises(RuntimeError):
        predict(model, torch.zeros(4, 5))
    assert all(m.training for m in model.modules())


def test_confusion_matrix_equals_scikit_learn():
    X, y = spiral(50, seed=0)
    model = mlp([2, 3], seed=1)
    expected = sklearn_matrix(y, model(X).argmax(1), labels=[0, 1, 2])
    assert confusion_matrix(model, X, y).tolist() == expected.tolist()


def test_predict_keeps_integer_input_and_casts_floats_to_the_model():
    words = nn.Embedding(5, 2)
    assert predict(words, torch.tensor([1, 2])).shape == (2, 2)
    assert predict(mlp([2, 3], seed=0).double(), torch.zeros(4, 2)).dtype == torch.float64


def test_evaluate_regression_has_no_accuracy():
    X = torch.ones(4, 1)
    loss, right = evaluate(nn.Identity(), X, X + 2, loss_fn=F.mse_loss)
    assert loss == 4
    assert right != right  # NaN


def test_bad_input_is_named(unchecked):
    model, X, y = mlp([2, 3], seed=0), torch.zeros(4, 2), torch.tensor([0, 1, 2, 5])
    with pytest.raises(ValueError, match=r"y 应在 0 与 2 之间.*0 到 5"):
        confusion_matrix(model, X, y)
    with pytest.raises(TypeError, match=r"y.*float32"):
        accuracy(model, X, y.float())
    with pytest.raises(ValueError, match="3 与 4"):
        evaluate(model, X[:3], y)
    with pytest.raises(ValueError, match=r"batch_size.*0"):
        evaluate(model, X, y, batch_size=0)
    with pytest.raises(ValueError, match=r"X.*样本"):
        predict(model, X[:0])
