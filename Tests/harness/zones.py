"""The part of the DNS that tests may write. Every server asks it, so that none asks the internet."""
import functools
import sys

from harness.processes import ROOT

sys.path.insert(0, str(ROOT / "Tests/Peers"))
from name_server import NOERROR, NXDOMAIN, REFUSED, SERVFAIL, SILENT, NameServer  # noqa: E402, F401


@functools.cache
def zone():
    """One for all servers of this process; its threads end with it."""
    return NameServer()
