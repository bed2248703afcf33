"""The C compiler of the extra `compiler` makes kernels that compute what NumPy computes."""

import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
from engine.compiled_cases import agree, both, cohort_of

from gdrun.engine.compiled import compiler
from gdrun.engine.compiled.linear_kernels import LinearKernels
from gdrun.engine.compiled.network_kernel import NetworkKernel
from gdrun.engine.compiled.units import update_text

ZIG = (sys.executable, "-m", "ziglang", "cc")
NETWORK = {"name": "mlp", "hidden": [6]}
TARGETS = {"x86_64-windows-gnu": "x86_64_v3", "aarch64-macos": "apple_m1"}


@pytest.fixture
def zig_alone(monkeypatch):
    """A machine on which no program named cc, gcc or clang is installed."""
    assert find_spec("ziglang")
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(compiler.shutil, "which", lambda name: None)
    monkeypatch.setattr(compiler, "_LOADED", {})
    compiler.compiler.cache_clear()
    yield
    compiler.compiler.cache_clear()


@pytest.mark.slow
def test_steps_compiled_by_ziglang_are_numpys(zig_alone):
    assert compiler.compiler().command == ZIG
    agree(both(cohort_of("cross_entropy", "adam"), 40), 1e-9)


def texts():
    """The text of each kind of kernel."""
    linear = LinearKernels.of(cohort_of("logistic", "adam", "sgd"))
    network = cohort_of("cross_entropy", "adam", model=NETWORK)
    return {
        "examples": linear.step_text("examples"),
        "rows": linear.step_text("rows"),
        "update": update_text(network.rule, network.rule_options, np.dtype("float32")),
        "network": NetworkKernel.of(network).text,
    }


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_every_kernel_compiles_for_other_systems(target, tmp_path):
    flags = [flag for flag in compiler.FLAGS if "native" not in flag and flag != "-shared"]
    for name, text in texts().items():
        source = tmp_path / f"{name}_unit.c"
        source.write_text(text, encoding="utf-8")
        command = [*ZIG, "-target", target, f"-mcpu={TARGETS[target]}", *flags]
        command += ["-c", f"-I{compiler.SOURCES}", str(source), "-o", str(tmp_path / f"{name}.o")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
