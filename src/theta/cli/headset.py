"""`theta headset`: the room in a headset on a USB cable, as http://localhost, which needs no certificate."""

import shlex
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from theta.adapters.files import RunningRoom, find_running_room
from theta.base.errors import ThetaError, UsageError
from theta.cli.console import out

ADB_SECONDS_MAX = 20.0
_LOCAL = ("localhost", "127.0.0.1")


class RoomNotRunning(UsageError):
    """There is no room on that port that a cable could lead to."""


class AdbMissing(UsageError):
    """There is no adb; says where to get it."""


class NoHeadset(UsageError):
    """No device, or none that can be used as it is; says what to do."""


class AdbFailed(ThetaError):
    """adb said no, or nothing."""


def open_in_headset(port: int, adb: Path | None, serial: str, seconds_max: float = ADB_SECONDS_MAX) -> None:
    """Lead the device's `localhost:port` to the room here, and open its page there.

    Args:
        port: the room's.
        adb: the program; None to look for it on the PATH.
        serial: of the device; "" when there is only one.
        seconds_max: how long each call of adb may take.

    Raises:
        RoomNotRunning, AdbMissing, NoHeadset, AdbFailed: each says what to do.
        InvalidValue: `port` is no port.
    """
    room = _running_room(port)
    bridge = _Adb(_find_adb(adb), seconds_max)
    device = _choose_device(bridge.run("devices", "-l"), serial)
    bridge.run("-s", device, "reverse", f"tcp:{port}", f"tcp:{port}")
    link = f"http://localhost:{port}/#invite={room.invite}"
    # adb joins the words with spaces, and the device's shell takes them apart again.
    command = ("am", "start", "-a", "android.intent.action.VIEW", "-d", link)
    said = bridge.run("-s", device, "shell", shlex.join(command), with_errors=True)
    if "Error" in said:
        raise AdbFailed(f"{device} did not open the page: {_last_line(said)}; open {_without_invite(link)} there")
    out.print(f"Opened the room on {device}: put the headset on and press Enter VR.", markup=False)
    out.print(f"  Its http://localhost:{port} leads here as long as the cable is in; run this again afterwards.")


def _running_room(port: int) -> RunningRoom:
    room = find_running_room(port)
    if room is None:
        raise RoomNotRunning(
            f"no room of yours runs on port {port}: start one with `theta serve`, or name its port with --port"
        )
    if urlsplit(room.url).hostname not in _LOCAL:
        raise RoomNotRunning(
            f"the room on port {port} listens at {room.url} only, and a cable leads to localhost: "
            "serve it without --host"
        )
    return room


def _find_adb(given: Path | None) -> str:
    if given is not None:
        found = shutil.which(given.expanduser().absolute())  # `./adb` is not one on the PATH
        if found is None:
            raise AdbMissing(f"{given} is no program that can be run: name adb itself, such as platform-tools/adb")
        return found
    found = shutil.which("adb")
    if found is None:
        raise AdbMissing(
            "adb is not installed: it is in the package `adb` (Debian, Ubuntu), `android-tools` (Fedora, Arch), "
            "`android-platform-tools` (Homebrew) or `Google.PlatformTools` (winget); or name it with --adb PATH"
        )
    return found


def _choose_device(listing: str, serial: str) -> str:
    """The serial of the device to use, from what `adb devices -l` says.

    Raises:
        NoHeadset: says what is there instead.
    """
    words = [line.split() for line in listing.splitlines() if line and not line.startswith(("List of", "*"))]
    devices = {word[0]: " ".join(word[1:]) for word in words if len(word) > 1}
    if serial and serial not in devices:
        there = f"there is {', '.join(devices)}" if devices else "nothing is plugged in"
        raise NoHeadset(f"no device has the serial {serial}: {there}")
    if not devices:
        raise NoHeadset(
            "no headset is plugged in: connect it by a USB cable that carries data, and turn on developer mode for it "
            "in its phone app"
        )
    ready = [each for each, state in devices.items() if state.split()[0] == "device"]
    if not serial and len(ready) > 1:
        raise NoHeadset(f"several devices are plugged in: choose one with --serial, of {', '.join(ready)}")
    chosen = serial or (ready or list(devices))[0]
    if chosen not in ready:
        raise NoHeadset(_why_not(chosen, devices[chosen]))
    return chosen


def _why_not(device: str, state: str) -> str:
    if state.startswith("unauthorized"):
        return f"{device} does not trust this machine yet: put on the headset and allow USB debugging, then try again"
    if state.startswith("offline"):
        return f"{device} is offline: unplug it, wake it up, and plug it in again"
    if state.startswith("no permissions"):
        return (
            f"you may not use {device}: on Linux install the package `android-sdk-platform-tools-common` (udev rules)"
        )
    return f"{device} cannot be used now, adb says {state!r}: start it normally, and plug it in again"


class _Adb:
    """Runs adb, each time with a deadline."""

    def __init__(self, program: str, seconds_max: float) -> None:
        self._program = program
        self._seconds_max = seconds_max

    def run(self, *arguments: str, with_errors: bool = False) -> str:
        """What adb prints, when all is well; with what it prints on stderr if asked to.

        Raises:
            AdbFailed: it could not be run, failed, or took too long.
        """
        what = f"adb {' '.join(each for each in arguments[:4] if 'invite=' not in each)}"
        try:
            done = subprocess.run(
                (self._program, *arguments),
                capture_output=True,
                text=True,
                errors="replace",
                stdin=subprocess.DEVNULL,
                timeout=self._seconds_max,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise AdbFailed(
                f"`{what}` did not answer within {self._seconds_max:g} s: wake the headset, unplug it and plug it in "
                "again, or run `adb kill-server` first"
            ) from error
        except OSError as error:
            raise AdbFailed(f"{self._program} cannot be run: {error.strerror}") from error
        if done.returncode != 0:
            said = _last_line(done.stderr) or _last_line(done.stdout) or f"exit code {done.returncode}"
            raise AdbFailed(f"`{what}` failed: {said}")
        return done.stdout + done.stderr if with_errors else done.stdout


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def _without_invite(link: str) -> str:
    return link.partition("#")[0]
