"""Asks the audit services about known vulnerabilities: `python -m tools.audit [python|web]`.

A finding fails. A service that cannot be reached (no network, or a mirror that carries packages but no advisories)
is said plainly and passes. An audit that could not run for any other reason fails: silence is never a clean bill.
"""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

ROOT = Path(__file__).resolve().parent.parent
AUDIT_SECONDS_MAX = 240
REQUEST_SECONDS_MAX = 15
BAD_REQUEST = 400

# What pip-audit prints when the service, and not the lock, is at fault: it has no exit code of its own for that.
PYTHON_SERVICE_FAILED = re.compile(
    r"requests\.exceptions\.|urllib3\.exceptions\.|ServiceError|vulnerability feed|not redirecting properly"
)
WEB_SERVICE_FAILED = re.compile(
    r"request to \S+ failed|audit endpoint returned an error|ENOTFOUND|ECONN|ETIMEDOUT|EAI_AGAIN"
)


@dataclass(frozen=True)
class Verdict:
    """What one audit came to, and the lines that say it."""

    status: Literal["clean", "finding", "unreachable", "failed"]
    lines: tuple[str, ...]

    @property
    def passes(self) -> bool:
        """Whether the gate stays open."""
        return self.status in ("clean", "unreachable")


def _parse_object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _tail(text: str) -> tuple[str, ...]:
    return tuple(line for line in text.strip().splitlines()[-5:] if line.strip())


def judge_python(code: int, stdout: str, stderr: str) -> Verdict:
    """Reads the answer of `pip-audit --format json`: its exit code and both of its streams."""
    report = _parse_object(stdout)
    if report is None or "dependencies" not in report:
        if code != 0 and PYTHON_SERVICE_FAILED.search(stderr):
            return Verdict("unreachable", _tail(stderr)[-1:])
        return Verdict("failed", (f"pip-audit gave no report (exit {code})", *_tail(stderr)))
    packages: list[dict[str, Any]] = report["dependencies"]
    findings = tuple(
        f"{package['name']} {package['version']}: {found['id']}, fixed in {', '.join(found['fix_versions']) or 'none'}"
        for package in packages
        for found in package.get("vulns", [])
    )
    if findings:
        return Verdict("finding", findings)
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    if not packages:
        return Verdict("failed", ("pip-audit looked at no package",))
    if len(skipped) == len(packages):
        # A mirror without advisories answers 404 for each, which pip-audit itself calls 'no known vulnerabilities'.
        return Verdict("unreachable", (f"it knew none of the {len(packages)} packages",))
    if code != 0:
        return Verdict("failed", (f"pip-audit exited {code} without a finding", *_tail(stderr)))
    lines = [f"{len(packages) - len(skipped)} packages, none with a known vulnerability"]
    if skipped:
        lines.append(f"not known to the service, so not audited: {', '.join(skipped)}")
    return Verdict("clean", tuple(lines))


def judge_web(code: int, stdout: str, stderr: str) -> Verdict:
    """Reads the answer of `npm audit --json`: its exit code and both of its streams."""
    report = _parse_object(stdout)
    if report is not None and "auditReportVersion" in report:
        total = report["metadata"]["vulnerabilities"]["total"]
        packages = report["metadata"]["dependencies"]["total"]
        if total or report["vulnerabilities"]:
            return Verdict(
                "finding",
                tuple(f"{name}: {found['severity']}" for name, found in sorted(report["vulnerabilities"].items()))
                or (f"{total} vulnerabilities",),
            )
        if code != 0:
            return Verdict("failed", (f"npm audit exited {code} without a finding", *_tail(stderr)))
        return Verdict("clean", (f"{packages} packages, none with a known vulnerability",))
    message = str((report or {}).get("message", ""))
    refused = (report or {}).get("statusCode") == BAD_REQUEST
    if code != 0 and not refused and WEB_SERVICE_FAILED.search(f"{message}\n{stderr}"):
        return Verdict("unreachable", (re.sub(r"\s*-? ?(?:[A-Z]+ )?https?://\S+", "", message) or "no answer",))
    return Verdict("failed", (f"npm audit gave no report (exit {code}) {message}".strip(), *_tail(stderr)))


def _run(command: list[str], folder: Path) -> tuple[int, str, str]:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=AUDIT_SECONDS_MAX, check=False
        )
    except subprocess.TimeoutExpired:
        return 1, "", f"ServiceError ETIMEDOUT: no answer in {AUDIT_SECONDS_MAX} s"
    return done.returncode, done.stdout, done.stderr


def audit_python() -> Verdict:
    """Audits every package of requirements/dev.txt, which holds the runtime's too."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", "requirements/dev.txt", "--require-hashes"]
    command += ["--disable-pip", "--format", "json", "--progress-spinner", "off"]
    return judge_python(*_run([*command, "--timeout", str(REQUEST_SECONDS_MAX)], ROOT))


def audit_web() -> Verdict:
    """Audits every package of web/package-lock.json."""
    return judge_web(*_run(["npm", "audit", "--json", "--fetch-retries=1"], ROOT / "web"))


def main(arguments: list[str]) -> int:
    """Runs the audits named, or both; returns 1 when one of them does not pass."""
    audits = {"python": audit_python, "web": audit_web}
    unknown = set(arguments) - set(audits)
    if unknown:
        print(f"audit: no such audit: {', '.join(sorted(unknown))}; there are python and web")
        return 2
    verdicts = []
    for name in arguments or list(audits):
        verdict = audits[name]()
        verdicts.append(verdict)
        label = (
            "NOT AUDITED, the audit service cannot be reached" if verdict.status == "unreachable" else verdict.status
        )
        print(f"audit {name}: {label}")
        for line in verdict.lines:
            print(f"  {line}")
    return 0 if all(verdict.passes for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
