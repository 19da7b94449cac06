"""The self-contained page: one file of HTML that says what was fitted, what came out and how far to trust it.

page       writes the file; its skeleton and style sheet stand in `page.html`
posterior  what it says of a posterior
estimate   what it says of an EM fit
rows       who belongs where, and the rows most in doubt
verdict    the sentence on top
recipe     the code and the versions that repeat the fit
pictures   drawings inside the page, on light and on dark paper
parts      headings, lists and tables
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={"page": ["write_report"]})
