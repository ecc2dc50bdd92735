"""Pictures of the plotly figures in notebooks, drawn by one headless Chromium without a network."""

import base64
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import plotly.offline

PLOTLY = "application/vnd.plotly.v1+json"
WIDTH, HEIGHT = 700, 420

PAGE = """<!doctype html><meta charset="utf-8"><body><script src="plotly.js"></script><script src="figures.js"></script><script>
(async () => {
  const pictures = [];
  for (const figure of FIGURES) {
    const place = document.createElement("div");
    document.body.appendChild(place);
    await Plotly.newPlot(place, figure.data, figure.layout || {}, {staticPlot: true});
    const size = place._fullLayout;
    pictures.push(await Plotly.toImage(place, {format: "png", width: size.width, height: size.height, scale: 1.5}));
    Plotly.purge(place);
    place.remove();
  }
  document.body.textContent = pictures.join("\\n") + "\\ndone";
})();
</script></body>
"""


def outputs(notebook):
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if PLOTLY in output.get("data", {}):
                yield output


def reuse(notebook, stored):
    """Takes over the stored picture of every figure that has not changed."""
    known = {
        json.dumps(o.data[PLOTLY], sort_keys=True): o.data["image/png"] for o in outputs(stored) if "image/png" in o.data
    }
    for output in outputs(notebook):
        picture = known.get(json.dumps(output.data[PLOTLY], sort_keys=True))
        if picture:
            output.data["image/png"] = picture


def draw(notebooks):
    """Adds image/png to every figure that has none; says so where there is no Chromium."""
    todo = [output for notebook in notebooks for output in outputs(notebook) if "image/png" not in output.data]
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not todo:
        return
    if not browser:
        print(f"no Chromium found: {len(todo)} figures go without a picture (apt install chromium)")
        return
    for start in range(0, len(todo), 50):
        batch = todo[start : start + 50]
        for output, picture in zip(batch, pictures(browser, [output.data[PLOTLY] for output in batch])):
            output.data["image/png"] = picture


def pictures(browser, figures):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "plotly.js").write_text(plotly.offline.get_plotlyjs())
        (folder / "figures.js").write_text(f"const FIGURES = {json.dumps(figures)};")
        (folder / "page.html").write_text(PAGE)
        command = [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        command += [f"--user-data-dir={folder}/profile", "--allow-file-access-from-files"]
        command += ["--virtual-time-budget=120000", "--dump-dom", f"file://{folder}/page.html"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    found = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", done.stdout)
    if len(found) != len(figures):
        raise SystemExit(f"Chromium drew {len(found)} of {len(figures)} figures:\n{done.stderr[-2000:]}")
    return found


def save(notebook, folder, stem):
    """Writes the pictures as files."""
    for number, output in enumerate(outputs(notebook), 1):
        if "image/png" in output.data:
            folder.mkdir(exist_ok=True)
            (folder / f"{stem}-{number}.png").write_bytes(base64.b64decode(output.data["image/png"]))
