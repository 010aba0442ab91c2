"""How the documentation is built: `make docs`. Tables are generated from the code (`tables.py`), so they cannot drift."""

import os
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
os.environ.setdefault("MPLBACKEND", "Agg")

import checkstar  # noqa: E402

project = "checkstar"
author = "The checkstar developers"
project_copyright = "The checkstar developers"
version = release = checkstar.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
    "mathml",
    "tables",
]
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
exclude_patterns = ["_build", "gallery/**/*.ipynb", "gallery/**/*.py", "gallery/**/*.md5"]
templates_path = ["_templates"]
suppress_warnings = ["config.cache"]

myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_typehints = "none"
autodoc_member_order = "bysource"
# What scikit-learn adds to every estimator; its own documentation explains it.
autodoc_default_options = {
    "exclude-members": "set_fit_request, set_predict_request, set_predict_distribution_request, set_score_request"
}
numpydoc_show_class_members = False
numpydoc_attributes_as_param_list = True

sphinx_gallery_conf = {
    "examples_dirs": ["../examples"],
    "gallery_dirs": ["gallery"],
    "filename_pattern": "/plot_",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "matplotlib_animations": False,
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "capture_repr": (),
    "reference_url": {"checkstar": None},
    "doc_module": ("checkstar",),
    "backreferences_dir": None,
}

html_theme = "pydata_sphinx_theme"
html_title = f"checkstar {version}"
html_show_sourcelink = False
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["checkstar.css"]
html_theme_options = {
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "navbar_align": "left",
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}

LITERAL = re.compile(r"(``.*?``)")


def escape_bars(app, what, name, item, options, lines):
    """In docstrings |x| is the size of x, not a substitution."""
    lines[:] = ["".join(p if p.startswith("``") else p.replace("|", r"\|") for p in LITERAL.split(x)) for x in lines]


def setup(app):
    # After numpydoc, which makes reStructuredText of the docstrings.
    app.connect("autodoc-process-docstring", escape_bars, priority=900)
