"""What is replayed uses float64, elementwise + - * / and sqrt only, in a written order.

NumPy and the C library give different last bits for anything more on different processors, and Python's own sum() of
floats changed between 3.11 and 3.12. Integers are exact: sum and cumsum are allowed with an integer dtype named.
"""

import ast

import pytest

from tests.tidy import tree
from tests.tidy.tree import Finding

REPLAYED = ("mesh", "editor")
MATH_ALLOWED = frozenset(
    """
    ceil comb copysign fabs floor gcd inf isfinite isinf isnan isqrt lcm nan nextafter perm sqrt trunc ulp
    """.split()
)
NUMPY_BANNED = frozenset(
    """
    acos acosh arccos arccosh arcsin arcsinh arctan arctan2 arctanh asin asinh atan atan2 atanh average cbrt
    convolve correlate corrcoef cos cosh cov cross cumprod cumsum cumulative_prod cumulative_sum deg2rad degrees
    dot ediff1d einsum einsum_path exp exp2 expm1 fft float_power gradient hypot i0 inner interp kron linalg log
    log10 log1p log2 logaddexp logaddexp2 matmul matrix_power matvec mean median nancumsum nanmean nanmedian
    nanprod nanstd nansum nanvar percentile polyfit polynomial polyval pow power prod quantile rad2deg radians
    sin sinc sinh std sum tan tanh tensordot trace trapezoid unwrap vander var vdot vecdot vecmat
    """.split()
)
# On an array, or on anything else that has such a method.
METHODS_BANNED = frozenset("accumulate cumprod cumsum dot mean prod reduce reduceat std sum trace var".split())
EXACT_WITH_INTEGERS = frozenset({"cumsum", "prod", "cumprod", "sum", "trace"})
INTEGER_TYPES = frozenset("bool_ int int8 int16 int32 int64 intp uint8 uint16 uint32 uint64 uintp".split())
# Folds of order-free exact operations, not of rounding ones.
EXACT_UFUNCS = frozenset("bitwise_and bitwise_or bitwise_xor logical_and logical_or maximum minimum".split())
MODULES_BANNED = frozenset({"cmath", "scipy", "statistics"})


def _names_integer_type(call: ast.Call) -> bool:
    for keyword in call.keywords:
        if keyword.arg == "dtype":
            value = keyword.value
            name = value.attr if isinstance(value, ast.Attribute) else value.id if isinstance(value, ast.Name) else ""
            return name in INTEGER_TYPES
    return False


def _counts(call: ast.Call) -> bool:
    """Whether a built-in sum adds integers plainly: ones, lengths."""
    first = call.args[0] if call.args else None
    if not isinstance(first, ast.GeneratorExp | ast.ListComp):
        return False
    item = first.elt
    if isinstance(item, ast.Call) and isinstance(item.func, ast.Name):
        return item.func.id in ("len", "int")
    return isinstance(item, ast.Constant) and isinstance(item.value, int)


def _check_call(call: ast.Call, names: dict[str, str]) -> str:
    function = call.func
    if isinstance(function, ast.Name) and function.id == "sum" and "sum" not in names:
        return "" if _counts(call) else "sum() of Python floats differs between versions"
    if not isinstance(function, ast.Attribute) or function.attr not in METHODS_BANNED:
        return ""
    if function.attr in EXACT_WITH_INTEGERS and _names_integer_type(call):
        return ""
    if _check_name(tree.origin(function, names)):
        return ""  # said once, where the name is looked at
    receiver = function.value.attr if isinstance(function.value, ast.Attribute) else ""
    if tree.origin(function, names).startswith("functools.") or receiver in EXACT_UFUNCS:
        return ""
    return f".{function.attr}() has no written order"


def _check_name(full: str) -> str:
    root, _, rest = full.partition(".")
    if root in MODULES_BANNED:
        return f"{full} is not for what is replayed"
    if root == "math" and rest and rest not in MATH_ALLOWED:
        return f"{full} is not sqrt"
    if root == "numpy" and rest.split(".")[0] in NUMPY_BANNED:
        return f"{full} gives other bits on other processors"
    return ""


def _check_operator(node: ast.BinOp | ast.AugAssign) -> str:
    if isinstance(node.op, ast.MatMult):
        return "@ has no written order"
    base = node.left if isinstance(node, ast.BinOp) else None
    whole = isinstance(base, ast.Constant) and isinstance(base.value, int)
    return "** calls the C library's pow" if isinstance(node.op, ast.Pow) and not whole else ""


def check_arithmetic(place: str, source: str) -> list[Finding]:
    """Arithmetic that would give other bits elsewhere, in the packages that are replayed."""
    if tree.package_of(place) not in REPLAYED:
        return []
    module = ast.parse(source)
    names = tree.imported_names(module)
    exact = {
        id(node.func)
        for node in ast.walk(module)
        if isinstance(node, ast.Call)
        and _names_integer_type(node)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in EXACT_WITH_INTEGERS
    }
    found = []
    for node in ast.walk(module):
        problems: list[str] = []
        if isinstance(node, ast.BinOp | ast.AugAssign):
            problems = [_check_operator(node)]
        elif isinstance(node, ast.Call):
            problems = [_check_call(node, names)]
        elif isinstance(node, ast.Attribute) and id(node) not in exact:
            problems = [_check_name(tree.origin(node, names))]
        elif isinstance(node, ast.Import):
            problems = [_check_name(alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            problems = [_check_name(f"{node.module}.{alias.name}") for alias in node.names]
        line = getattr(node, "lineno", 0)
        found += [Finding(place, line, problem) for problem in problems if problem]
    return found


def test_what_is_replayed_uses_plain_arithmetic() -> None:
    assert tree.run(check_arithmetic, "src/theta") == []


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np\nnp.sin(x)",
        "import numpy\nnumpy.exp(x)",
        "from numpy import einsum",
        "from numpy.linalg import norm",
        "import numpy.linalg",
        "import numpy as np\nnp.linalg.norm(x)",
        "import numpy as np\nf = np.dot",
        "import numpy as np\nnp.sum(x)",
        "import numpy as np\nnp.cumsum(x, dtype=np.float64)",
        "import numpy as np\nnp.add.reduce(x)",
        "points.sum(axis=0)",
        "points.mean()",
        "a @ b",
        "a @= b",
        "x ** 0.5",
        "x **= 2",
        "sum(values)",
        "sum(v * v for v in values)",
        "import math\nmath.sin(x)",
        "from math import hypot",
        "import math as m\nm.pow(x, 2.0)",
        "import statistics",
    ],
)
@pytest.mark.parametrize("place", ["src/theta/mesh/operations.py", "src/theta/editor/apply.py"])
def test_the_arithmetic_check_can_fail(place: str, source: str) -> None:
    assert check_arithmetic(place, source)


def test_plain_arithmetic_passes() -> None:
    source = """
import math
import numpy as np
from functools import reduce
length = np.sqrt(x * x + y * y + z * z)
offsets = np.cumsum(counts, dtype=np.int64)
total = counts.sum(dtype=np.intp)
pieces = sum(len(face) for face in faces)
there = np.maximum.reduce(ids)
size = math.sqrt(x) + math.inf
limit = 2**32
"""
    assert check_arithmetic("src/theta/mesh/operations.py", source) == []
    assert check_arithmetic("src/theta/replication/quantise.py", "a @ b") == []
