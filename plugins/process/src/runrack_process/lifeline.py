"""A lifeline: a pipe whose closing ends the process groups that hang on it."""

import fcntl
import os
import signal
import sys
from pathlib import Path

_DESCRIPTORS = Path("/proc/self/fd")


def hang_on(lifeline: int) -> None:
    """Have the kernel end this process group when nobody has the writing end of the pipe any more.

    So a step, and what it has started, does not outlive the process of its run, however that one ends: nothing in the
    step has to run for it, and nothing of it can stand in the way. Only Linux can do it; elsewhere this does nothing.

    Args:
        lifeline: The reading end of a pipe into which nothing is ever written.
    """
    if sys.platform != "linux":
        return
    # The owner belongs to an open file, not to a descriptor: each group needs one of its own. It stays open for good.
    own = os.open(_DESCRIPTORS / str(lifeline), os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(own, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(own, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(own, fcntl.F_SETFL, fcntl.fcntl(own, fcntl.F_GETFL) | os.O_ASYNC)
