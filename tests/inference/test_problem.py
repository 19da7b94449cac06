"""When a bar that redraws itself is shown: where it can be seen."""

import sys
from types import ModuleType

import pytest

from bayesgmm.inference import problem
from bayesgmm.inference.problem import SamplingSettings


class Terminal:
    def __init__(self, is_one):
        self.isatty = lambda: is_one


@pytest.mark.parametrize("wants", [True, False])
@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_script_shows_it_on_a_terminal_only(wants, is_terminal, monkeypatch):
    monkeypatch.setattr(sys, "stdout", Terminal(is_terminal))
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    assert SamplingSettings(1000, 4, None, None, 1, wants).shows_live_bar == (wants and is_terminal)


@pytest.mark.parametrize("has_widgets", [True, False])
def test_a_notebook_shows_it_where_there_are_widgets(has_widgets, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    monkeypatch.setattr(problem, "find_spec", lambda name: object() if has_widgets else None)
    assert SamplingSettings(1000, 4, None, None, 1, True).shows_live_bar == has_widgets
