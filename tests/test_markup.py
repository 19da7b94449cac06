"""Fragments of HTML: escaped, marked up for who listens, compact."""

from xml.etree import ElementTree

import numpy as np
import pytest

from bayesgmm import markup


def test_every_text_is_escaped():
    evil = "<b>&\"'"
    shown = "&lt;b&gt;&amp;\"'"
    table = markup.table([evil, evil], [[evil, evil]], caption=evil, kind='"')
    assert table.count(shown) == 5
    assert "<b>" not in table
    assert 'class="&quot;"' in table
    assert markup.paragraph(evil) == f"<p>{shown}</p>"
    assert markup.code(evil) == f"<p><code>{shown}</code></p>"


def test_table_names_its_rows_and_columns():
    root = ElementTree.fromstring(markup.table(["component", "weight"], [["0", "0.5"], ["1", "0.5"]], caption="All"))
    assert [cell.text for cell in root.iterfind("table/thead/tr/th[@scope='col']")] == ["component", "weight"]
    assert [cell.text for cell in root.iterfind("table/tbody/tr/th[@scope='row']")] == ["0", "1"]
    assert root.find("table/caption").text == "All"


@pytest.mark.parametrize(
    ("value", "text"),
    [(54.47853, "54.48"), (4.29, "4.290"), (1234.4, "1234"), (0.0, "0.000"), (1e-7, "1.000e-07"), (np.nan, "nan")],
)
def test_numbers_have_four_digits(value, text):
    assert str(markup.number_texts(value)) == text


def test_component_table_of_many_says_what_it_leaves_out():
    texts = [markup.number_texts(np.ones(shape)) for shape in ((25,), (25, 9), (25, 9))]
    table = markup.component_table(*texts)
    assert table.count('scope="row"') == 20
    assert table.count('scope="col"') == 2 + 2 * 5
    assert table.endswith("<p>Shown: the first 20 of 25 components and the first 5 of 9 features.</p>")
    weights, means, sds = (text[:20] for text in texts)
    assert "Shown" not in markup.component_table(weights, means[:, :5], sds[:, :5])
