"""Peer of the spectrum bench: torch.linalg.svdvals of Jacobians that are handed over as raw float32 files.

Reads one JSON object a line: {"path", "rows", "cols", "threads", "out"[, "float64": true]}; answers one a line: {"seconds"}.
The singular values are written to "out" as raw float64. Only svdvals is timed, not reading the file.
With "float64" the same values are computed by LAPACK in float64, as the reference for errors (not timed as the peer).
"""
import json
import sys
import time

import numpy as np
import torch

for line in sys.stdin:
    job = json.loads(line)
    torch.set_num_threads(job["threads"])
    matrix = torch.from_numpy(np.fromfile(job["path"], np.float32).reshape(job["rows"], job["cols"]))
    if job.get("float64"):
        matrix = matrix.double()
    start = time.perf_counter()
    values = torch.linalg.svdvals(matrix)
    seconds = time.perf_counter() - start
    values.double().numpy().tofile(job["out"])
    print(json.dumps({"seconds": seconds, "torch": torch.__version__}), flush=True)
