"""Processes and waiting. Children stay in our process group, so that ending the group ends them; each is also ended by
its own pid when a test is through with it."""
import atexit
import contextlib
import functools
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAMS = pathlib.Path(os.environ.get("PULSE_TEST_PROGRAMS", ROOT / ".build/debug"))
LOGS = pathlib.Path(os.environ.get("PULSE_TEST_LOGS", ROOT / ".local/test"))


@functools.cache
def work_root():
    """What `ops/test` lends and removes, clusters included; by hand, a directory that goes when we go."""
    if "PULSE_TEST_WORK" in os.environ:
        return os.environ["PULSE_TEST_WORK"]
    root = tempfile.mkdtemp(prefix="pulse-work.")
    os.chmod(root, 0o755)
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    return root


def work_directory(name, root=None):
    """A directory for one thing of this run; user postgres may enter it."""
    path = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}.", dir=root or work_root()))
    path.chmod(0o755)
    return path


def lent(source):
    """A copy of this file that many directories may link to: sixty servers offer the same 80 MB."""
    path = pathlib.Path(work_root()) / f"lent-{source.name}"
    if not path.exists():
        with tempfile.NamedTemporaryFile(dir=work_root(), delete=False) as copy:
            shutil.copyfile(source, copy.name)
        os.chmod(copy.name, 0o644)
        os.replace(copy.name, path)  # several workers may come at once
    return path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Unready(Exception):
    """Something did not come true in time."""


def eventually(check, seconds, what, every=0.05):
    """Asks `check` until it answers something true, and gives that back. An answer that is an exception counts as no."""
    deadline = time.monotonic() + seconds
    last = None
    while True:
        try:
            answer = check()
            if answer:
                return answer
            last = answer
        except (OSError, AssertionError, ValueError, KeyError, IndexError) as error:
            last = error
        if time.monotonic() > deadline:
            raise Unready(f"{what}: not within {seconds} s (last: {last!r})")
        time.sleep(every)


def run(*command, env=None, timeout=120, check=True):
    """A command to its end; its output is in the error when it fails."""
    done = subprocess.run([str(word) for word in command], cwd=ROOT, env=env, timeout=timeout, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True)
    if check and done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done


def plain_environment(**more):
    """No setting of the caller reaches a program by accident."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH") if key in os.environ}
    return {**kept, "LC_ALL": "C.UTF-8", **{key: str(value) for key, value in more.items()}}


class Process:
    """A program that runs until it is told to end. Its output goes to a log that outlives the run."""

    def __init__(self, name, *command, env=None):
        LOGS.mkdir(parents=True, exist_ok=True)
        self.log = LOGS / f"{name}.log"
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen([str(word) for word in command], cwd=ROOT, env=env,
                                          stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    @property
    def pid(self):
        return self.child.pid

    @property
    def lives(self):
        return self.child.poll() is None

    def tail(self, lines=20):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def end(self, seconds=15):
        """SIGTERM, and SIGKILL if that is not heard. Returns the exit status."""
        if self.lives:
            self.child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.child.wait(seconds)
        return self.kill()

    def kill(self):
        """SIGKILL: no goodbye of any kind."""
        if self.lives:
            self.child.send_signal(signal.SIGKILL)
        return self.child.wait(10)
