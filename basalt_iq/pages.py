"""Pages from templates: everything inside, nothing from the network, no text ever read as HTML."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

#: What all pages share: their look, and how they build elements.
SHARED = Path(__file__).with_name("templates")


def render(folder: Path, template: str, **values: Any) -> str:
    """A page of a room's `folder` of templates. Scripts run by a nonce: the page's policy allows no other."""
    loader = jinja2.FileSystemLoader([folder, SHARED])
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    # Our own files: the only text that reaches the page unescaped.
    environment.globals["include_raw"] = lambda name: Markup(loader.get_source(environment, name)[0])
    return environment.get_template(template).render(nonce=secrets.token_urlsafe(16), **values)
