"""The Makefile's own scripts: an audit never takes silence for a clean bill, and coverage bars bite."""

import json
import subprocess
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.tidy import tree
from tools import audit, check_coverage, check_generated, check_wheel, ci

NO_ROUTE = "requests.exceptions.ProxyError: Max retries exceeded with url: /a (Caused by ProxyError('refused'))"


def _python_report(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": list(packages), "fixes": []})


CLEAN = {"name": "a", "version": "1", "vulns": []}
SKIPPED = {"name": "b", "skip_reason": "Dependency not found and could not be audited: b (1)"}
VULNERABLE = {"name": "c", "version": "1", "vulns": [{"id": "CVE-2026-1", "fix_versions": ["2"]}]}


@pytest.mark.parametrize(
    ("code", "stdout", "stderr", "status"),
    [
        (0, _python_report(CLEAN), "No known vulnerabilities found", "clean"),
        (0, _python_report(CLEAN, SKIPPED), "", "clean"),
        (1, _python_report(CLEAN, VULNERABLE), "Found 1 known vulnerability", "finding"),
        (1, _python_report(SKIPPED, VULNERABLE), NO_ROUTE, "finding"),
        (0, _python_report(VULNERABLE), "", "finding"),
        (0, _python_report(SKIPPED), "No known vulnerabilities found", "unreachable"),
        (1, "", NO_ROUTE, "unreachable"),
        (1, "", "ERROR: Could not connect to PyPI's vulnerability feed", "unreachable"),
        (1, "", "pip_audit._service.interface.ServiceError", "unreachable"),
        (1, "", "ERROR: invalid requirements input: dev.txt", "failed"),
        (2, "", "usage: pip-audit", "failed"),
        (0, "", "", "failed"),
        (0, _python_report(), "", "failed"),
        (1, _python_report(CLEAN), "", "failed"),
        (0, "[]", "", "failed"),
    ],
)
def test_python_audits_are_told_apart(code: int, stdout: str, stderr: str, status: str) -> None:
    verdict = audit.judge_python(code, stdout, stderr)
    assert verdict.status == status
    assert verdict.lines
    assert verdict.passes == (status in ("clean", "unreachable"))


def _web_report(total: int) -> str:
    found = {"three": {"severity": "high"}} if total else {}
    counts = {"vulnerabilities": {"total": total}, "dependencies": {"total": 9}}
    return json.dumps({"auditReportVersion": 2, "vulnerabilities": found, "metadata": counts})


ENDPOINT = "npm error audit endpoint returned an error"


@pytest.mark.parametrize(
    ("code", "stdout", "stderr", "status"),
    [
        (0, _web_report(0), "", "clean"),
        (1, _web_report(1), "", "finding"),
        (0, _web_report(1), "", "finding"),
        (1, _web_report(1), ENDPOINT, "finding"),
        (1, json.dumps({"message": "405 Method Not Allowed - POST", "statusCode": 405}), ENDPOINT, "unreachable"),
        (1, json.dumps({"message": "request to the-registry failed, reason: ECONNREFUSED"}), ENDPOINT, "unreachable"),
        (1, "", ENDPOINT, "unreachable"),
        (1, json.dumps({"message": "400 Bad Request", "statusCode": 400}), ENDPOINT, "failed"),
        (1, json.dumps({"error": {"code": "ENOLOCK", "summary": "needs a lockfile"}}), "", "failed"),
        (1, "", "sh: npm: not found", "failed"),
        (0, "", "", "failed"),
        (1, _web_report(0), "", "failed"),
    ],
)
def test_web_audits_are_told_apart(code: int, stdout: str, stderr: str, status: str) -> None:
    verdict = audit.judge_web(code, stdout, stderr)
    assert verdict.status == status
    assert verdict.lines


def test_an_audit_says_plainly_that_nobody_answered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "_run", lambda command, folder: (1, "", f"{NO_ROUTE}\n{ENDPOINT}"))
    assert audit.main([]) == 0
    assert capsys.readouterr().out.count("NOT AUDITED, the audit service cannot be reached") == 2


@pytest.mark.parametrize("name", ["python", "web"])
def test_a_finding_fails_the_gate(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = {"python": _python_report(VULNERABLE), "web": _web_report(1)}
    monkeypatch.setattr(audit, "_run", lambda command, folder: (1, answers[name], ""))
    assert audit.main([name]) == 1
    assert f"audit {name}: finding" in capsys.readouterr().out


def test_an_audit_that_hangs_counts_as_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*arguments: object, **options: object) -> None:
        raise subprocess.TimeoutExpired("audit", audit.AUDIT_SECONDS_MAX)

    monkeypatch.setattr(subprocess, "run", hang)
    assert audit.audit_python().status == "unreachable"
    assert audit.audit_web().status == "unreachable"


def _coverage_report(lines: dict[str, tuple[int, int, int, int]]) -> dict[str, Any]:
    keys = ("num_statements", "covered_lines", "num_branches", "covered_branches")
    return {
        "files": {
            f"src/theta/{name}": {"summary": dict(zip(keys, counts, strict=True))} for name, counts in lines.items()
        }
    }


def _core(**changed: tuple[int, int, int, int]) -> dict[str, tuple[int, int, int, int]]:
    full = dict.fromkeys(check_coverage.CORE_PACKAGES, (100, 95, 100, 90))
    return {f"{name}/module.py": counts for name, counts in {**full, **changed}.items()}


def test_coverage_at_the_bars_passes() -> None:
    assert check_coverage.find_shortfalls(check_coverage.coverage_by_package(_coverage_report(_core()))) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"mesh": (100, 94, 100, 100)}, "mesh: 94.0 % of lines"),
        ({"session": (100, 100, 100, 89)}, "session: 89.0 % of branches"),
        ({"commands": (0, 0, 0, 0)}, "commands: nothing was measured"),
        ({"editor": (1000, 700, 0, 0)}, "total: 78.3 % of lines"),
    ],
)
def test_the_coverage_check_can_fail(changed: dict[str, tuple[int, int, int, int]], said: str) -> None:
    packages = check_coverage.coverage_by_package(_coverage_report(_core(**changed)))
    (shortfall,) = check_coverage.find_shortfalls(packages)
    assert said in shortfall


def test_coverage_is_summed_by_package() -> None:
    report = _coverage_report({"mesh/a.py": (10, 5, 0, 0), "mesh/b/c.py": (10, 10, 0, 0), "__init__.py": (1, 1, 0, 0)})
    packages = check_coverage.coverage_by_package(report)
    assert packages["mesh"].lines_percent == 75.0
    assert packages["."].lines == 1
    assert any(row.startswith("total") and "76.2 %" in row for row in check_coverage.format_table(packages))


def test_an_empty_coverage_report_fails() -> None:
    assert len(check_coverage.find_shortfalls({})) == 1 + len(check_coverage.CORE_PACKAGES)


def test_the_gate_runs_every_step_and_remembers_the_failures(capsys: pytest.CaptureFixture[str]) -> None:
    steps = [ci.Step("a", ("a",)), ci.Step("b", ("b",)), ci.Step("c", ("c",))]
    ticks = iter(range(100))
    run: Callable[[ci.Step], int] = lambda step: 3 if step.name == "b" else 0  # noqa: E731
    results = ci.run_steps(steps, run, lambda: float(next(ticks)))
    assert [(step.name, code, seconds) for step, code, seconds in results] == [("a", 0, 1), ("b", 3, 1), ("c", 0, 1)]
    assert "b: FAILED (exit 3)" in capsys.readouterr().out


def test_the_gate_runs_lanes_at_the_same_time_and_each_in_order() -> None:
    """Each lane's first step waits for the other's, and would wait for ever if one lane came after the other."""
    both, ran = threading.Barrier(2, timeout=20), []

    def run(step: ci.Step) -> int:
        if step.name in ("a", "c"):
            both.wait()
        ran.append(step.name)
        return 0

    lanes = [[ci.Step("a", ("a",)), ci.Step("b", ("b",))], [ci.Step("c", ("c",))]]
    results = ci.run_beside(lanes, run, lambda: 0.0)
    assert [step.name for step, _, _ in results] == ["a", "b", "c"]
    assert sorted(ran) == ["a", "b", "c"]
    assert ran.index("a") < ran.index("b")


def test_the_gate_refuses_a_step_it_does_not_have() -> None:
    assert ci.main(["no such step"]) == 2


def test_generators_are_discovered() -> None:
    found = check_generated.find_generators(check_generated.TOOLS)
    assert found == sorted(path.stem for path in (tree.ROOT / "tools").glob("generate_*.py"))
    assert "check_generated" not in found


def test_a_wheel_without_the_page_is_refused() -> None:
    whole = [*check_wheel.NEEDED, "theta_engine-0.1.0.dist-info/licenses/LICENSE"]
    command = f"[console_scripts]\n{check_wheel.COMMAND}\n"
    assert check_wheel.find_faults(whole, command) == []
    assert check_wheel.find_faults([name for name in whole if "page" not in name], command)
    assert check_wheel.find_faults([*whole, "tests/__init__.py"], command)
    assert check_wheel.find_faults(whole[:-1], command)
    assert check_wheel.find_faults(whole, "")
