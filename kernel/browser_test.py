"""A notebook in a headless Chromium: in JupyterLab, in Notebook 7 and as the HTML page in out/.

The first two run it; all are searched for tables, living figures and errors, and leave a picture.

    browser_test.py [--in lab|notebook|html] [NOTEBOOK]
        default: all three, notebooks/00_start_here.ipynb; pictures go to out/browser/
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from selenium import webdriver
from selenium.webdriver import ActionChains
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "out" / "browser"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--in", dest="place", choices=["lab", "notebook", "html"])
    parser.add_argument("notebook", nargs="?", type=Path, default=ROOT / "notebooks" / "00_start_here.ipynb")
    arguments = parser.parse_args()
    places = [arguments.place] if arguments.place else ["lab", "notebook", "html"]
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        sys.exit("the browser test needs chromium and chromedriver (apt install chromium chromium-driver)")
    PICTURES.mkdir(parents=True, exist_ok=True)
    for place in places:
        with tempfile.TemporaryDirectory() as folder, Browser(chromium, driver, folder) as browser:
            print(f"{arguments.notebook.name} in {place}:")
            if place == "html":
                page = ROOT / "out" / f"{arguments.notebook.stem}.html"
                if not page.exists():
                    sys.exit(f"{page} is not there: run 'make notebooks'")
                look_at_page(browser, page)
            else:
                run_in_server(browser, place, arguments.notebook, Path(folder))
    print(f"pictures: {PICTURES}")


def run_in_server(browser, place, notebook, folder):
    # A copy without outputs: what is seen is what this run shows.
    content = json.loads(notebook.read_text())
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    (folder / notebook.name).write_text(json.dumps(content))
    with Server(folder) as server:
        tree = "lab/tree" if place == "lab" else "notebooks"
        run_all(browser, f"{server.address}/{tree}/{notebook.name}")
        meant = sum("raises-exception" in cell["metadata"].get("tags", []) for cell in content["cells"])
        look(browser, f"{notebook.stem}-{place}", meant)


class Server:
    """JupyterLab and Notebook 7 on a free port, in a folder and with settings of its own."""

    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        settings = {
            "JUPYTER_PATH": str(ROOT / ".hessia" / "jupyter"),
            "JUPYTER_CONFIG_DIR": f"{self.folder}/.config",
            "JUPYTER_RUNTIME_DIR": f"{self.folder}/.runtime",
            "JUPYTERLAB_WORKSPACES_DIR": f"{self.folder}/.workspaces",
        }
        command = [ROOT / ".hessia/bin/jupyter", "lab", "--no-browser", "--allow-root", f"--port={port}"]
        command += ["--IdentityProvider.token=", "--ServerApp.password=", f"--ServerApp.root_dir={self.folder}"]
        command += ["--LabApp.expose_app_in_browser=True", "--LabApp.news_url=None"]
        command += ["--JupyterNotebookApp.expose_app_in_browser=True"]
        command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
        self.log = open(PICTURES / "lab.log", "w")
        self.server = subprocess.Popen(command, stdout=self.log, stderr=self.log, env=os.environ | settings)
        self.address = f"http://127.0.0.1:{port}"
        wait(lambda: answers(f"{self.address}/api/status"), 60, "JupyterLab to answer")
        return self

    def __exit__(self, *_):
        self.server.terminate()
        self.server.wait()
        self.log.close()


class Browser:
    def __init__(self, chromium, driver, folder):
        self.options = Options()
        self.options.binary_location = chromium
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        for argument in [*arguments, "--window-size=1300,3200", f"--user-data-dir={folder}/.browser"]:
            self.options.add_argument(argument)
        self.driver = driver

    def __enter__(self):
        self.browser = webdriver.Chrome(service=Service(self.driver), options=self.options)
        return self.browser

    def __exit__(self, *_):
        self.browser.quit()


def run_all(browser, address):
    """Opens a notebook and runs all cells."""
    start = time.time()
    browser.get(address)
    kernel = """const panel = window.jupyterapp && window.jupyterapp.shell.currentWidget;
        const session = panel && panel.sessionContext && panel.sessionContext.session;
        return Boolean(session && session.kernel && session.kernel.status === "idle"
            && document.querySelector(".jp-Notebook .jp-Cell"));"""
    wait(lambda: browser.execute_script(kernel), 180, "the kernel")
    print(f"  kernel ready after {time.time() - start:.1f} s")
    start = time.time()
    browser.execute_script(
        "window.ran = false; window.jupyterapp.commands.execute('notebook:run-all-cells').then(() => { window.ran = true; });"
    )
    # After a cell that fails on purpose, the command returns while later cells are still to come.
    wait(lambda: browser.execute_script("return window.ran"), 900, "the cells")
    waiting = "return [...document.querySelectorAll('.jp-InputPrompt')].some(prompt => prompt.textContent.includes('*'));"
    wait(lambda: not browser.execute_script(waiting), 900, "the last cells")
    print(f"  all cells done after {time.time() - start:.1f} s")


def look_at_page(browser, page):
    browser.get(page.as_uri())
    asked = browser.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name);")
    far = [name for name in asked if name.startswith("http")]
    if far:
        sys.exit(f"{page} asks the network for {far}")
    formulas = browser.find_elements(By.CSS_SELECTOR, "math")
    print(f"  {len(formulas)} formulas, nothing asked of the network")
    look(browser, f"{page.stem}-html", None)


def look(browser, name, errors_meant):
    """Finds tables and figures, takes pictures, and holds the mouse over a point."""
    browser.save_screenshot(str(PICTURES / f"{name}.png"))
    tables = browser.find_elements(By.CSS_SELECTOR, ".jp-OutputArea table")
    plots = browser.find_elements(By.CSS_SELECTOR, ".jp-OutputArea .js-plotly-plot")
    kinds = ("application/vnd.jupyter.error", "application/vnd.jupyter.stderr")
    errors = browser.find_elements(By.CSS_SELECTOR, ", ".join(f".jp-OutputArea [data-mime-type='{kind}']" for kind in kinds))
    print(f"  {len(tables)} tables, {len(plots)} figures, {len(errors)} errors")
    if errors_meant is not None and len(errors) != errors_meant:
        sys.exit(f"expected {errors_meant} errors, found: " + "; ".join(error.text for error in errors))
    if not tables or not plots:
        sys.exit("the notebook shows no table or no figure")

    # The figures are alive: a point under the mouse names itself.
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'});", plots[0])
    area = plots[0].find_element(By.CSS_SELECTOR, ".nsewdrag")

    def hovers():
        ActionChains(browser).move_to_element_with_offset(area, 3, 3).move_to_element_with_offset(area, 7, 9).perform()
        return plots[0].find_elements(By.CSS_SELECTOR, ".hoverlayer .hovertext")

    wait(hovers, 20, "a point of the figure to name itself")
    plots[0].screenshot(str(PICTURES / f"{name}-figure.png"))
    for entry in browser.get_log("browser"):
        if entry["level"] == "SEVERE":
            print("  browser: " + entry["message"][:300])


def answers(address):
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except OSError:
        return False


def wait(done, seconds, what):
    end = time.time() + seconds
    while not done():
        if time.time() > end:
            sys.exit(f"waited {seconds} s for {what}")
        time.sleep(0.3)


if __name__ == "__main__":
    main()
