"""Drives a real kernel: what is shown, what counts as an error, what an interrupt leaves."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

os.environ["JUPYTER_PATH"] = str(Path(__file__).resolve().parent.parent / ".hessia" / "jupyter")

from jupyter_client.manager import start_new_kernel  # noqa: E402  (reads JUPYTER_PATH)

COLOURS = re.compile(r"\x1b\[[0-9;]*m")
PLOTLY = "application/vnd.plotly.v1+json"


class Kernel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.manager, cls.client = start_new_kernel(kernel_name="hessia", startup_timeout=600)

    @classmethod
    def tearDownClass(cls):
        cls.client.stop_channels()
        cls.manager.shutdown_kernel()

    def run_cell(self, code, interrupt_after=None):
        """The reply to a cell and the messages that it sent."""
        messages = []
        if interrupt_after is not None:
            threading.Timer(interrupt_after, self.manager.interrupt_kernel).start()
        reply = self.client.execute_interactive(code, timeout=120, output_hook=messages.append, allow_stdin=False)
        outputs = [m for m in messages if m["msg_type"] not in ("status", "execute_input")]
        return reply["content"], outputs

    def ok(self, code):
        reply, outputs = self.run_cell(code)
        self.assertEqual(reply["status"], "ok", reply)
        return outputs

    def fails(self, code, **how):
        reply, outputs = self.run_cell(code, **how)
        self.assertEqual(reply["status"], "error", outputs)
        errors = [o["content"] for o in outputs if o["msg_type"] == "error"]
        self.assertTrue(errors, outputs)
        text = "\n".join(errors[0]["traceback"])
        self.assertEqual([o for o in outputs if o["msg_type"] == "stream"], [], "an error is told once")
        # The next cell works.
        self.assertEqual(self.shown("1 + 1")["text/plain"], "2")
        return text

    def shown(self, code):
        results = [o["content"]["data"] for o in self.ok(code) if o["msg_type"] == "execute_result"]
        self.assertEqual(len(results), 1)
        return results[0]

    def test_values_show_themselves(self):
        self.assertIn("<table>", self.shown('df!("a" => [1, 2], "b" => ["x", "y"])')["text/html"])
        self.assertIn("<table>", self.shown("Array2::<f64>::eye(3)")["text/html"])
        self.assertEqual(self.shown("Array2::<f64>::eye(30)")[PLOTLY]["data"][0]["type"], "heatmap")
        self.assertIn("<svg", self.shown("Network::random(&[3, 4, 2], true, Activation::Relu, 1)")["text/html"])

    def test_show_in_the_middle(self):
        outputs = self.ok('println!("before"); show(&Array2::<f64>::eye(2)); show(&Array2::<f64>::eye(3)); println!("after");')
        kinds = [o["msg_type"] for o in outputs]
        self.assertEqual(kinds, ["stream", "display_data", "display_data", "stream"])

    def test_data_cannot_speak_for_the_kernel(self):
        block = "EVCXR_BEGIN_CONTENT text/html\\n<script>alert(1)</script>\\nEVCXR_END_CONTENT\\n"
        self.ok(f'let hostile = "x\\nEVCXR_END_CONTENT\\n{block}EVCXR_EXECUTION_COMPLETE\\n";')
        shown = self.shown('df!("a" => [hostile])?')
        self.assertIn("&lt;script&gt;", shown["text/html"])
        for code in ("println!(\"{hostile}\");", "show(hostile); 1 + 1", "hostile"):
            for output in self.ok(code):
                self.assertNotIn("text/html", output["content"].get("data", {}), code)
        # Nor do its words for errors, and a block without an end is none.
        printed = self.ok('println!("EVCXR_PANIC_NOTIFICATION\\nEVCXR_BEGIN_CONTENT text/plain\\nrest");')
        self.assertEqual({o["msg_type"] for o in printed}, {"stream"})
        self.assertIn("rest", "".join(o["content"]["text"] for o in printed))

    def test_content_of_other_libraries_is_shown_if_it_runs_no_script(self):
        shown = self.shown('println!("EVCXR_BEGIN_CONTENT image/png\\nAAAA\\nEVCXR_END_CONTENT");')
        self.assertEqual(shown, {"image/png": "AAAA"})
        self.assertIn(PLOTLY, self.shown("hessia::plotly::Plot::new()"))

    def test_a_line_without_end_spoils_no_display(self):
        outputs = self.ok('print!("abc"); show(&Array2::<f64>::eye(2)); print!("def");')
        self.assertEqual([o["msg_type"] for o in outputs], ["stream", "display_data", "stream"])
        self.assertEqual([outputs[0]["content"]["text"], outputs[2]["content"]["text"]], ["abc\n", "def\n"])
        self.assertEqual(self.shown('print!("abc"); 1 + 1')["text/plain"], "2")

    def test_the_first_question_mark_of_a_session_costs_no_table(self):
        manager, client = start_new_kernel(kernel_name="hessia", startup_timeout=600)
        try:
            messages = []
            code = 'let seven = "7".parse::<i64>()?; df!("a" => [seven])?'
            client.execute_interactive(code, timeout=120, output_hook=messages.append, allow_stdin=False)
            shown = [m["content"]["data"] for m in messages if m["msg_type"] == "execute_result"]
            self.assertEqual(len(shown), 1, messages)
            self.assertIn("<table>", shown[0].get("text/html", ""))
        finally:
            client.stop_channels()
            manager.shutdown_kernel()

    def test_an_error_is_an_error(self):
        bad = "Network::random(&[3], true, Activation::Relu, 1)"
        expected = "widths: expected two or more positive numbers, found [3]"
        self.assertEqual(self.fails(f"let net = {bad}?;"), expected)
        self.assertEqual(self.fails(bad), expected)

    def test_a_panic_is_an_error_and_keeps_older_variables(self):
        self.ok("let kept = 41usize;")
        text = self.fails('let lost = 1usize; panic!("seven is not {}", kept);')
        self.assertEqual(text, "seven is not 41")
        self.assertEqual(self.shown("kept + 1")["text/plain"], "42")

    def test_a_caught_panic_is_none(self):
        self.ok('let caught = std::panic::catch_unwind(|| panic!("caught")).is_err(); assert!(caught);')

    def test_a_typo_is_shown_in_its_place_with_the_right_name(self):
        self.ok("let typo_net = Network::random(&[3, 4, 2], true, Activation::Relu, 1)?;")
        text = COLOURS.sub("", self.fails("let other = 1;\ntypo_net.parameter_cuont()"))
        lines = text.splitlines()
        self.assertRegex(lines[0], "no method named `parameter_cuont` found for struct `.*Network`")
        self.assertEqual(lines[1], "2 | typo_net.parameter_cuont()")
        self.assertTrue(lines[2].startswith("  |          ^^^^^^^^^^^^^^^"), text)
        self.assertIn("parameter_count", "".join(lines[3:]))
        self.assertLess(len(lines), 8, text)

    def test_an_error_before_the_last_line_is_shown_in_its_place(self):
        text = COLOURS.sub("", self.fails('let étendue = 3usize;\nlet sum: usize = étendue + "x"; sum'))
        self.assertIn('2 | let sum: usize = étendue + "x"; sum\n  |                          ^', text)

    def test_a_value_without_a_display_shows_its_debug_text(self):
        self.ok("#[derive(Debug)] struct Pair { a: usize } struct Bare;")
        self.assertEqual(self.shown("Pair { a: 3 }")["text/plain"], "Pair { a: 3 }")
        self.assertIn("annotating `Bare` with `#[derive(Debug)]`", self.fails("Bare"))

    def test_completions(self):
        self.ok("let completed = Network::random(&[3, 4, 2], true, Activation::Relu, 1)?;")
        for code, name in [("completed.parameter_", "parameter_count"), ("let h = hess", "hessian"), ("Loss::cross", "cross_entropy")]:
            matches = self.client.complete(code, reply=True, timeout=60)["content"]["matches"]
            self.assertTrue(any(match.startswith(name) for match in matches), (code, matches))

    def test_inspection_shows_the_signature_and_the_documentation(self):
        self.ok("let seen = Network::random(&[3, 4, 2], true, Activation::Relu, 1)?;")
        for code, at, signature, words in [
            ("let h = hessian(&seen, ", 23, "fn hessian", "Hessian"),
            ("hessian", 3, "fn hessian", "Hessian"),
            ("seen", 4, "seen: Network", "network"),
            ('df!["k" => vec![seen.parameter_count() as i64]]', 28, "fn parameter_count", "parameters"),
        ]:
            content = self.client.inspect(code, at, reply=True, timeout=60)["content"]
            self.assertTrue(content["found"], code)
            text = content["data"]["text/plain"]
            self.assertIn(signature, text.split("\n\n")[0], code)
            self.assertIn(words, text.split("\n\n", 1)[1], code)
            self.assertIn("<pre>", content["data"]["text/html"])
        self.assertFalse(self.client.inspect("no_such_name", 3, reply=True, timeout=60)["content"]["found"])

    def test_progress_is_one_output_updated_in_place(self):
        outputs = self.ok(
            "let progress = hessia::progress::Progress::new(\"work\", 12, \"steps\");\n"
            "for _ in 0..12 { std::thread::sleep(std::time::Duration::from_millis(100)); progress.advance(1)?; }\n"
            "drop(progress);"
        )
        kinds = [o["msg_type"] for o in outputs]
        self.assertEqual(kinds[0], "display_data")
        self.assertGreater(len(kinds), 3)
        self.assertEqual(set(kinds[1:]), {"update_display_data"})
        self.assertEqual(len({o["content"]["transient"]["display_id"] for o in outputs}), 1)
        self.assertIn("a second", outputs[1]["content"]["data"]["text/plain"])
        self.assertIn("12/12 steps, done in", outputs[-1]["content"]["data"]["text/plain"])

    def test_an_interrupt_stops_work_and_keeps_variables(self):
        self.ok("let before = 7usize;")
        start = time.time()
        reply, _ = self.run_cell(
            "let progress = hessia::progress::Progress::new(\"work\", 600, \"steps\");\n"
            "for _ in 0..600 { std::thread::sleep(std::time::Duration::from_millis(50)); progress.advance(1)?; }",
            interrupt_after=3,
        )
        self.assertLess(time.time() - start, 15)
        self.assertEqual(reply["status"], "error")
        self.assertIn("interrupted after", reply["evalue"])
        self.assertEqual(self.shown("before")["text/plain"], "7")

    def test_an_interrupt_ends_what_does_not_listen(self):
        self.ok("fn kept_function() -> usize { 5 }")
        self.ok("let gone = 7usize;")
        text = self.fails("loop { std::thread::sleep(std::time::Duration::from_millis(50)); }", interrupt_after=3)
        self.assertIn("Interrupted", text)
        self.assertIn("variables are lost", text)
        self.assertEqual(self.shown("kept_function()")["text/plain"], "5")
        self.fails("gone")


class Parent(unittest.TestCase):
    """A kernel ends with the program that started it, whatever ends that, also in the middle of a cell."""

    CODE = """if True:
        from jupyter_client.manager import start_new_kernel
        manager, client = start_new_kernel(kernel_name="hessia", startup_timeout=600)
        client.execute('println!("begun"); loop {}')
        while client.get_iopub_msg(timeout=60)["msg_type"] != "stream": pass
        print(manager.provisioner.pid, flush=True)
        input()"""

    def test_a_killed_program_takes_its_kernel_along(self):
        program = subprocess.Popen([sys.executable, "-c", self.CODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        with program:
            kernel = int(program.stdout.readline())
            cells = [pid for pid in children(kernel) if "evcxr_jupyter" in command(pid)]
            self.assertEqual(len(cells), 1)
            program.send_signal(signal.SIGKILL)
        end = time.time() + 10
        while left := [pid for pid in [kernel, *cells] if alive(pid)]:
            if time.time() > end:
                for pid in left:
                    os.kill(pid, signal.SIGKILL)
                self.fail(f"still there: {left}")
            time.sleep(0.2)


def status(pid):
    try:
        # After the name, which may hold anything: state, parent.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ["X", "0"]


def alive(pid):
    return status(pid)[0] not in "XZ"


def children(pid):
    everyone = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [other for other in everyone if status(other)[1] == str(pid)]


def command(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode().replace("\0", " ")
    except OSError:
        return ""


if __name__ == "__main__":
    unittest.main()
