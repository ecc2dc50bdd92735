"""A notebook as one HTML page that needs no network: plotly.js stands in it once, formulas are MathML."""

import copy
import html as escaping
import json

import latex2mathml.converter
import plotly.offline
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from figures import PLOTLY


def html(notebook, title):
    notebook = copy.deepcopy(notebook)
    notebook.metadata["title"] = title
    count = 0
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if PLOTLY in output.get("data", {}):
                count += 1
                interactive(output, count)
    exporter = HTMLExporter(
        template_name="lab", embed_images=True, require_js_url="", mathjax_url="", jquery_url="", mermaid_js_url=""
    )
    exporter.register_filter("markdown2html", markdown)
    body, _ = exporter.from_notebook_node(notebook)
    # Browsers set formulas well only in a font with mathematical metrics; these are the systems' own.
    style = '<style>math { font-family: "STIX Two Math", "Cambria Math", "Latin Modern Math", math; }</style>'
    head = f"<head><script>{plotly.offline.get_plotlyjs()}</script>" if count else "<head>"
    return body.replace("<head>", head + style, 1)


def interactive(output, number):
    """Replaces a figure by its place in the page and the call that draws it there."""
    figure = output.data.pop(PLOTLY)
    output.data.pop("image/png", None)
    text = json.dumps(figure).replace("</", "<\\/")
    output.data["text/html"] = (
        f'<div id="figure-{number}"></div><script>(() => {{ const figure = {text}; '
        f'Plotly.newPlot("figure-{number}", figure.data, figure.layout || {{}}, {{displaylogo: false}}); }})();</script>'
    )


class Renderer(IPythonRenderer):
    def block_math(self, body):
        return mathml(body, "block")

    def inline_math(self, body):
        return mathml(body, "inline")


def mathml(formula, display):
    try:
        return latex2mathml.converter.convert(formula.strip(), display=display)
    except Exception as error:  # the converter raises many kinds; the page then shows the source
        print(f"formula not understood ({error}): {formula}")
        return f"<code>{escaping.escape(formula)}</code>"


def markdown(source):
    return MarkdownWithMath(renderer=Renderer(escape=False)).render(source)
