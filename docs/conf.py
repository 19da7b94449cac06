"""How Sphinx builds the documentation: `make docs` writes docs/_build/html. Neither needs a network."""

import sys
from pathlib import Path

import bayesgmm

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

project = "bayesgmm"
author = "the bayesgmm developers"
project_copyright = "the bayesgmm developers, Apache-2.0"
version = release = bayesgmm.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "front_door",
    "gallery",
    "mathml",
]
exclude_patterns = ["_build", "gallery/*.ipynb", "gallery/*.py", "images/draw.py"]
templates_path = ["templates"]
pygments_style, pygments_dark_style = "xcode", "github-dark"
highlight_language = "none"  # indented blocks are formulas and output; code says its language
nitpicky = True

myst_enable_extensions = ["colon_fence", "dollarmath", "substitution"]
myst_substitutions = {"release": release}
myst_heading_anchors = 3

# `name` in a docstring is a link where the name has a page, and code where not.
default_role = "py:obj"
nitpick_ignore_regex = [("py:obj", ".*")]
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # numpydoc's sections say more than the types do
numpydoc_show_class_members = False  # the class's page holds its methods in full

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "gallery.place",
    "backreferences_dir": "gallery/backreferences",
    "doc_module": ("bayesgmm",),
    "reset_modules": ("matplotlib", "gallery.judge_warnings"),
    "reset_modules_order": "both",
    "ignore_repr_types": r"matplotlib|mpl_toolkits|arviz_plots|<class 'list'>",  # the picture speaks for its artists
    "remove_config_comments": True,
    "image_srcset": ["2x"],
    "thumbnail_size": (600, 420),  # pixels; shown at half of that
    "write_computation_times": False,
    "download_all_examples": False,
    "show_signature": False,
}

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "furo"
html_title = f"bayesgmm {release}"
html_logo = html_favicon = "static/logo.svg"
html_static_path = ["static"]
html_css_files = ["style.css"]
html_math_renderer = "mathml"
html_show_sourcelink = False
html_show_search_summary = False  # it fetches pages, which a browser refuses for files
