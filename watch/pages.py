"""Pages from the templates: everything inside, nothing from the network, no text read as HTML."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

TEMPLATES = Path(__file__).with_name("templates")


def render(template: str, **values: Any) -> str:
    """The page. Scripts run by a nonce: the page's own policy allows no other."""
    loader = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    # Our own files: the only text that reaches the page unescaped.
    environment.globals["include_raw"] = lambda name: Markup((TEMPLATES / name).read_text())
    return environment.get_template(template).render(nonce=secrets.token_urlsafe(16), **values)
