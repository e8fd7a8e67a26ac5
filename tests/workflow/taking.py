"""Runs a command with what it says on stderr, and prints what it took as JSON."""

import json
import os
import subprocess
import sys

if __name__ == "__main__":
    process = subprocess.Popen(sys.argv[1:], stdout=sys.stderr)
    _, status, used = os.wait4(process.pid, 0)
    taken = {"seconds": used.ru_utime + used.ru_stime, "megabytes": used.ru_maxrss / 1000}
    print(json.dumps(taken))
    sys.exit(os.waitstatus_to_exitcode(status))
