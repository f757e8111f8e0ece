"""Builds a Python environment: the project's dependencies by uv, with fallbacks, and notes on what was left out. What to
install is decided on the host (`sandbox.toolchains.python_install`), how results are used likewise.

Reads the plan (JSON) on stdin; writes `fixbugs-build.json` into the environment. Ends with 1 and a plain sentence when
what the project needs at run time cannot be installed.
"""

import base64
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

REPORT = "fixbugs-build.json"
MAX_GENERATED = 24 << 20
OLD_SETUPTOOLS = ("setuptools<81", "setuptools<58")
NOT_GENERATED = ("__pycache__", ".egg-info", ".dist-info", ".pytest_cache", ".fixbugs", ".git", "node_modules")


CAPTURED = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}


class Builder:
    def __init__(self, plan, tree, env, base):
        self.plan = plan
        self.tree = os.path.abspath(tree)
        self.env = env
        self.base = base
        self.python = os.path.join(env, "bin", "python")
        self.notes = []
        self.installed_project = False

    # ------------------------------------------------------------ tools

    def run(self, argv, cwd=None, **more):
        environ = dict(os.environ, UV_NO_PROGRESS="1", **self.plan["environ"])
        environ.update(more)
        done = subprocess.run(argv, env=environ, cwd=cwd or self.tree, **CAPTURED)
        return done.returncode, done.stdout.decode("utf-8", "replace")

    def install(self, lines, setuptools=None):
        """Installs requirement lines in one resolution. None, or why it failed: the tool's output."""
        if not lines:
            return None
        folder = tempfile.mkdtemp()
        try:
            wanted = write(folder, "wanted.txt", [line.replace("{tree}", self.tree) for line in lines])
            argv = ["uv", "pip", "install", "--python", self.python, "-r", wanted]
            more = {"UV_BUILD_CONSTRAINT": write(folder, "build.txt", [setuptools])} if setuptools else {}
            code, output = self.run(argv, **more)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        print(output, flush=True)
        return output if code else None

    def fail(self, sentence, output):
        print(output[-3000:])
        print(sentence, flush=True)
        sys.exit(1)

    # ------------------------------------------------------------ steps

    def make(self):
        code, output = self.run(["uv", "venv", "--allow-existing", "--python", self.base, self.env])
        if code:
            self.fail("A virtual environment could not be made with " + self.base + ".", output)

    def project(self, extras):
        names = ",".join(extras)
        return ["-e {tree}" + ("[%s]" % names if names else "")]

    def everything(self):
        """All at once, which resolves best and costs least; then piece by piece, when that fails."""
        plan = self.plan
        lines = plan["declared"] + plan["tests"] + ["pytest"]
        lines += self.project(plan["extras"]) if plan["installable"] else plan["runtime"]
        if self.install(lines) is None:
            self.installed_project = plan["installable"]
            return
        if plan["installable"]:
            self.editable()
        needed = plan["declared"] if self.installed_project else plan["declared"] + plan["runtime"]
        output = self.install(needed)
        if output is not None and not self.installed_project:
            self.fail("What the project needs at run time cannot be installed: " + reason(output), output)
        if output is not None:
            self.one_by_one(plan["declared"])
        for extra in plan["extras"] if self.installed_project else ():
            self.one_by_one(self.project([extra]))
        if self.install(plan["tests"]) is not None:
            self.one_by_one(plan["tests"])

    def one_by_one(self, lines):
        for line in lines:
            output = self.install([line])
            if output is not None:
                self.notes.append("Not installed: %s: %s" % (line.replace("{tree}", "the project"), reason(output)))

    def editable(self):
        output = self.install(self.project([]))
        for setuptools in OLD_SETUPTOOLS if output is not None and self.plan["legacy"] else ():
            if self.install(self.project([]), setuptools) is None:
                self.notes.append("Built with %s, which this project's setup.py needs." % setuptools)
                output = None
                break
        if output is None:
            self.installed_project = True
            return
        if not self.plan["static"]:
            self.fail("The project itself cannot be installed: " + reason(output), output)
        self.notes.append("The project itself was not installed, only what it needs: " + reason(output))

    def missing(self):
        """Well-known distributions that the tests import and nobody declared."""
        wanted = [[module, name] for module, name in self.plan["imported"]]
        code = "import sys, json, importlib.util as u\nprint(json.dumps([n for m, n in json.loads(sys.argv[1]) if not u.find_spec(m)]))"
        status, output = self.run([self.python, "-c", code, json.dumps(wanted)])
        names = json.loads(output.strip().splitlines()[-1]) if status == 0 and wanted else []
        for name in names:
            output = self.install([name])
            if output is None:
                self.notes.append("Installed %s, which the tests import and the project does not declare." % name)
            else:
                self.notes.append("Not installed: %s: %s" % (name, reason(output)))

    def runner(self):
        """pytest must be there and must work with this interpreter."""
        if self.runner_works():
            return
        version = self.run([self.python, "-m", "pytest", "--version"])[1].strip().splitlines()[-1:]
        output = self.install(["pytest>=7"])
        if output is not None or not self.runner_works():
            self.fail("pytest cannot be installed or does not start.", output or self.runner_says)
        if version and version[0].startswith("pytest"):
            self.notes.append(
                "%s, which the project asks for, does not run on this Python; a newer one does." % version[0]
            )

    def runner_works(self):
        folder = tempfile.mkdtemp()
        path = write(folder, "test_it.py", ["def test_it(tmp_path):", "    assert 1 + 1 == 2"])
        argv = [
            self.python,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            folder,
            "-c",
            os.devnull,
            path,
        ]
        code, self.runner_says = self.run(argv, cwd=folder)
        shutil.rmtree(folder, ignore_errors=True)
        return code == 0

    # ------------------------------------------------- the project's code

    def detach(self):
        """Takes the links to this copy of the tree out of the environment; returns the folders they made importable.

        The metadata stays. Code comes from the tree under test, by path, wherever that tree lies.
        """
        roots = []
        for site in glob.glob(os.path.join(self.env, "lib", "python*", "site-packages")):
            for path in glob.glob(os.path.join(site, "*.pth")) + glob.glob(os.path.join(site, "*.egg-link")):
                with open(path, errors="replace") as file:
                    content = file.read()
                found = [line.strip() for line in content.splitlines() if line.startswith(self.tree)]
                roots += found
                if found:
                    os.unlink(path)
            for path in glob.glob(os.path.join(site, "__editable__*finder.py")) + glob.glob(
                os.path.join(site, "_editable_impl_*.py")
            ):
                with open(path, errors="replace") as file:
                    content = file.read()
                if self.tree not in content:
                    continue
                roots += self.mapped(content)
                os.unlink(path)
                for link in glob.glob(os.path.join(site, "*editable*.pth")):
                    with open(link) as file:
                        if os.path.basename(path)[:-3] in file.read():
                            os.unlink(link)
        inside = []
        for root in roots:
            relative = os.path.relpath(root, self.tree)
            if not relative.startswith("..") and relative not in inside:
                inside.append(relative)
        return inside

    def mapped(self, content):
        """Folders out of an editable finder's {name: path} pairs, where the name is the path's own."""
        roots = []
        for name, path in re.findall(
            r"""['"]([\w.]+)['"]\s*[:,]\s*['"](%s[^'"]*)['"]""" % re.escape(self.tree), content
        ):
            parts = name.split(".")
            steps = path[:-3] if path.endswith(".py") else path
            if steps.split("/")[-len(parts) :] == parts:
                roots.append("/".join(steps.split("/")[: -len(parts)]))
            else:
                self.notes.append(
                    "%s is imported under another name than its folder's (%s)." % (name, os.path.basename(path))
                )
        return roots

    def snapshot(self):
        found = set()
        for folder, names, files in os.walk(self.tree):
            names[:] = [name for name in names if not name.endswith(NOT_GENERATED) and name != "build"]
            found.update(os.path.join(folder, name) for name in files)
        return found

    def generated(self, before):
        """Files that building wrote beside the sources and that are imported from there."""
        kept, total = {}, 0
        for path in sorted(self.snapshot() - before):
            if not path.endswith((".py", ".so", ".pyi", ".txt", ".json")) or os.path.islink(path):
                continue
            size = os.path.getsize(path)
            if total + size > MAX_GENERATED:
                self.notes.append(
                    "Too large to keep: %s, which building the project wrote." % os.path.relpath(path, self.tree)
                )
                continue
            total += size
            with open(path, "rb") as file:
                kept[os.path.relpath(path, self.tree)] = base64.b64encode(file.read()).decode()
        return kept

    def compile(self):
        library = os.path.join(self.env, "lib")
        # Long-lived: the environment is read-only where tests run, so bytecode is written now.
        self.run([self.python, "-m", "compileall", "-q", "-j", "2", library])

    def build(self):
        before = self.snapshot()
        self.make()
        self.everything()
        self.missing()
        self.runner()
        report = {"roots": self.detach(), "generated": self.generated(before), "notes": self.notes}
        report["installed"] = self.installed_project
        self.compile()
        with open(os.path.join(self.env, REPORT), "w") as file:
            json.dump(report, file)


def write(folder, name, lines):
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")
    return path


def reason(output):
    """One line of a tool's output that says why."""
    lines = [line.strip(" \t│╰─▶├×") for line in output.splitlines() if line.strip(" \t│╰─▶├×")]
    for pattern in (r"^(\w+(Error|Exception)\b.*)", r"(?i)(because .*)", r"(?i)^error: (.*)"):
        for line in reversed(lines):
            match = re.search(pattern, line)
            if match:
                return match.group(1)[:300]
    return (lines[-1] if lines else "no output")[:300]


if __name__ == "__main__":
    Builder(json.load(sys.stdin), *sys.argv[1:4]).build()
