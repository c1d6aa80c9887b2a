"""What every proof writes down, and how it ends."""
import datetime
import json
import os
import signal
import sys

from harness.processes import ROOT


def begin():
    """The seed of this run; SIGTERM becomes an interrupt so that `finally` is reached."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return int(sys.argv[1]) if len(sys.argv) > 1 else 1


def conclude(name, seed, figures, kept, build="debug"):
    """Writes ops/proofs/NAME.json, prints the figures, and exits by whether the promise was kept."""
    proof = {"proof": name, "kept": bool(kept), "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
             "cores": os.cpu_count(), "seed": seed, "build": build, "figures": figures}
    (ROOT / f"ops/proofs/{name}.json").write_text(json.dumps(proof, indent=2) + "\n")
    for key, value in figures.items():
        print(f"{key}: {value}")
    print(f"{name}: {'kept' if kept else 'NOT KEPT'}")
    sys.exit(0 if kept else 1)
