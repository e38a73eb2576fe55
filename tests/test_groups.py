"""Tests that share a dear fixture run on one worker."""

import os

import pytest


@pytest.mark.xdist_group("together")
def test_the_scheduler_sees_the_group_of_a_test(request):
    grouped = getattr(request.config.option, "loadgroup", False)
    assert request.node.nodeid.partition("@")[2] == ("together" if grouped else "")
    assert grouped == ("PYTEST_XDIST_WORKER" in os.environ), "make test deals tests out by group"
