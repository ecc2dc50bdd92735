"""JupyterLab in a headless Chromium: opens a notebook, runs it, looks for tables and figures, takes a picture.

    browser_test.py [NOTEBOOK]      default: notebooks/00_start_here.ipynb; pictures go to out/browser/
"""

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
    notebook = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "notebooks" / "00_start_here.ipynb"
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        sys.exit("the browser test needs chromium and chromedriver (apt install chromium chromium-driver)")
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        # A copy without outputs: what is seen is what this run shows.
        copy = Path(folder) / notebook.name
        content = json.loads(notebook.read_text())
        for cell in content["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
        copy.write_text(json.dumps(content))
        with Lab(folder) as lab, Browser(chromium, driver, folder) as browser:
            check(browser, lab, copy)


class Lab:
    """A JupyterLab server on a free port, in a folder and with settings of its own."""

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


def check(browser, lab, notebook):
    start = time.time()
    browser.get(f"{lab.address}/lab/tree/{notebook.name}")
    kernel = """const panel = window.jupyterapp && window.jupyterapp.shell.currentWidget;
        const session = panel && panel.sessionContext && panel.sessionContext.session;
        return Boolean(session && session.kernel && session.kernel.status === "idle"
            && document.querySelector(".jp-Notebook .jp-Cell"));"""
    wait(lambda: browser.execute_script(kernel), 180, "the kernel")
    print(f"kernel ready after {time.time() - start:.1f} s")
    start = time.time()
    browser.execute_script(
        "window.ran = false; window.jupyterapp.commands.execute('notebook:run-all-cells').then(() => { window.ran = true; });"
    )
    wait(lambda: browser.execute_script("return window.ran"), 900, "the cells")
    print(f"all cells done after {time.time() - start:.1f} s")
    content = json.loads(notebook.read_text())
    browser.save_screenshot(str(PICTURES / f"{notebook.stem}.png"))

    tables = browser.find_elements(By.CSS_SELECTOR, ".jp-OutputArea table")
    plots = browser.find_elements(By.CSS_SELECTOR, ".jp-OutputArea .js-plotly-plot")
    errors = browser.find_elements(By.CSS_SELECTOR, ".jp-OutputArea [data-mime-type='application/vnd.jupyter.error'], .jp-OutputArea [data-mime-type='application/vnd.jupyter.stderr']")
    print(f"{len(content['cells'])} cells, {len(tables)} tables, {len(plots)} figures, {len(errors)} errors")
    meant = sum("raises-exception" in cell["metadata"].get("tags", []) for cell in content["cells"])
    if len(errors) != meant:
        sys.exit(f"expected {meant} errors, found: " + "; ".join(error.text for error in errors))
    if not tables or not plots:
        sys.exit("the notebook shows no table or no figure")

    # The figures are alive: a point under the mouse names itself.
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'});", plots[0])
    area = plots[0].find_element(By.CSS_SELECTOR, ".nsewdrag")
    def hovers():
        ActionChains(browser).move_to_element_with_offset(area, 3, 3).move_to_element_with_offset(area, 7, 9).perform()
        return plots[0].find_elements(By.CSS_SELECTOR, ".hoverlayer .hovertext")
    wait(hovers, 20, "a point of the figure to name itself")
    plots[0].screenshot(str(PICTURES / f"{notebook.stem}-figure.png"))

    severe = [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    for message in severe:
        print("browser: " + message[:300])
    print(f"pictures: {PICTURES}")


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
