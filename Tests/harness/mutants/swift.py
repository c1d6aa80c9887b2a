"""Mutants of Swift: one build holds all of them, asleep, and `PULSE_BROKEN` wakes one for a run.

In a copy of the sources each text of the list becomes `mutantWakes("name") ? replacement : text`, so what is compiled once can
be broken sixty ways. A text must stand in its file exactly once: the list cannot rot unnoticed."""
import dataclasses
import os
import subprocess
import tomllib

from harness.processes import ROOT, run

LIST = ROOT / "Tests/mutants/swift.toml"
IMPORT = "internal import Glibc\n"
SWITCH = """
// Mutants of this file sleep until their name is called.
private func mutantWakes(_ name: String) -> Bool { getenv("PULSE_BROKEN").map { String(cString: $0) == name } ?? false }
"""


@dataclasses.dataclass(frozen=True)
class SwiftMutant:
    name: str
    file: str
    text: str
    becomes: str
    tests: tuple
    is_statement: bool = False

    @property
    def room(self):
        return self.file.split("/")[2]

    def asleep(self):
        if self.is_statement:
            return f'if mutantWakes("{self.name}") {{ {self.becomes} }} else {{ {self.text} }}'
        return f'(mutantWakes("{self.name}") ? ({self.becomes}) : ({self.text}))'


def load(path=LIST):
    """- Raises ValueError when a text is not there exactly once, or two mutants share a name."""
    mutants = [SwiftMutant(one["name"], one["file"], one["text"], one["becomes"], tuple(one["tests"]),
                           one.get("kind") == "statement") for one in tomllib.loads(path.read_text())["mutant"]]
    faults = [f"two are called {name}" for name in {one.name for one in mutants if [m.name for m in mutants].count(one.name) > 1}]
    for one in mutants:
        source = ROOT / one.file
        count = source.read_text().count(one.text) if source.exists() else 0
        if count != 1:
            faults.append(f"{one.name}: its text stands {count} times in {one.file}")
    if faults:
        raise ValueError("\n".join(sorted(faults)))
    return mutants


def mutated(source, mutants):
    for one in mutants:
        source = source.replace(one.text, one.asleep())
    lines = source.split("\n")
    first = next((number for number, line in enumerate(lines) if "import " in line and not line.startswith("//")), 0)
    return "\n".join(lines[:first]) + ("\n" if first else "") + IMPORT + "\n".join(lines[first:]) + SWITCH


def lay(mutants, tree):
    """A copy of the checkout in `tree` with all mutants asleep; files that stay the same keep their time."""
    listed = run("git", "ls-files", "-co", "--exclude-standard").stdout.splitlines()
    files = {name for name in listed if (ROOT / name).is_file()}
    for name in files:
        wanted = (ROOT / name).read_bytes()
        ours = [one for one in mutants if one.file == name]
        if ours:
            wanted = mutated(wanted.decode(), ours).encode()
        target = tree / name
        if not target.exists() or target.read_bytes() != wanted:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(wanted)
            target.chmod((ROOT / name).stat().st_mode)
    for folder, _, names in os.walk(tree):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.relpath(path, tree) not in files:
                os.unlink(path)


def build(tree, scratch, jobs):
    """- Returns: the program that holds every test. Warnings are let pass: a sleeping mutant may well deserve one."""
    package = tree / "Package.swift"
    package.write_text(package.read_text().replace("    .treatAllWarnings(as: .error),\n", ""))
    done = subprocess.run(["swift", "build", "--build-tests", "--package-path", tree, "--scratch-path", scratch, "-j", str(jobs)],
                          text=True, capture_output=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise RuntimeError("\n".join(line for line in done.stdout.splitlines() if "error:" in line) or done.stdout[-3000:])
    return scratch / "debug/pulsePackageTests.xctest"
