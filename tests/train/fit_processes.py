"""One of several processes that train one network: `python fit_processes.py OUT CHECKPOINT`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

from fsaasr.train.fit import fit
from tests.train.test_fit import SHARED, Regression, network, weights

if __name__ == "__main__":
    torch.set_num_threads(1)
    model = network()
    history = fit(model, Regression(), SHARED, Path(sys.argv[2]), "me")
    np.savez(sys.argv[1], weights=weights(model), losses=[record["loss"] for record in history])
