"""The notebook of the docs, run from its first cell to its last."""

import pytest


@pytest.mark.slow
def test_the_notebook_runs_on_a_small_demo(small_demo, tmp_path, request):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    book = nbformat.read(request.config.rootpath / "docs/first_steps.ipynb", as_version=4)
    nbformat.validate(book)
    assert not any(cell.get("outputs") for cell in book.cells)  # they would be large, and grow old
    for cell in book.cells:
        cell.source = cell.source.replace('"runs/demo"', f'"{small_demo.out}"')
    nbclient.NotebookClient(book, timeout=240, resources={"metadata": {"path": tmp_path}}).execute()
    shown = [output for cell in book.cells for output in cell.get("outputs", [])]
    kinds = {kind for output in shown for kind in output.get("data", {})}
    assert {"text/html", "image/png"} <= kinds  # videos and a picture
    said = "".join(output.get("text", "") for output in shown)
    assert "the episode ended by the player's choice" in said
    assert "success:" in said
    assert "entropy" in said
