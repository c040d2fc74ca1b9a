"""Files with a room's world: Python that makes a `theta.World`, for `theta serve --world`."""

import sys
import traceback
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from theta.base.errors import StoreUnavailable, UsageError
from theta.base.limits import STATE_ENTITIES_MAX
from theta.ecs.component import component_type
from theta.ecs.declaration import Plane
from theta.ecs.errors import ScheduleError, UnknownComponent
from theta.ecs.world import World
from theta.node.state_world import StateWorld

MODULE_PREFIX = "theta_world_"


class WorldFileError(UsageError):
    """A world file that cannot be used; says where in it, and what to do.

    Attributes:
        path: the file.
        line: where in it, from 1; 0 for nowhere in particular.
    """

    def __init__(self, path: Path, line: int, what: str) -> None:
        super().__init__(f"{path}:{line}: {what}" if line else f"{path}: {what}")
        self.path = path
        self.line = line


def read_world(path: Path) -> StateWorld:
    """Run a world file and take what it made: `world`, and in `components` what of it is replicated.

    Without `components` these are all components of the state plane that it has by name, in the order of their names.
    Those that every room has come first in any case. What it imports may lie beside it.

    Raises:
        StoreUnavailable: there is no such file, or it cannot be read.
        WorldFileError: it raises something, or what it made is no world for a room.
    """
    module = _run(path)
    world = module.__dict__.get("world")
    if not isinstance(world, World):
        found = "it has no `world`" if world is None else f"its `world` is a {type(world).__name__}"
        raise WorldFileError(path, 0, f"{found}: put `world = theta.World()` into it, outside of any function")
    if world.entities_max > STATE_ENTITIES_MAX:
        what = f"its world may have {world.entities_max} entities, but a room's at most {STATE_ENTITIES_MAX}"
        raise WorldFileError(path, 0, f"{what}: leave `entities_max` out")
    try:
        world.schedule.explain()
    except ScheduleError as error:
        raise WorldFileError(path, 0, f"its systems cannot be put in order: {error}") from error
    return StateWorld(world, _components_of(path, module, world))


def _run(path: Path) -> ModuleType:
    """The file as a module; it stays in `sys.modules`, where the names in its annotations are looked up."""
    if not path.is_file():
        raise StoreUnavailable(f"cannot read {path}: {'a folder' if path.is_dir() else 'no such file'}")
    resolved = path.resolve()
    name = MODULE_PREFIX + "".join(sign if sign.isalnum() else "_" for sign in path.stem)
    loader = SourceFileLoader(name, str(resolved))
    spec = spec_from_loader(name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    if str(resolved.parent) not in sys.path:
        sys.path.insert(0, str(resolved.parent))
    try:
        loader.exec_module(module)
    except (Exception, SystemExit) as error:
        sys.modules.pop(name)
        _refuse(path, resolved, error)
    return module


def _refuse(path: Path, resolved: Path, error: BaseException) -> NoReturn:
    """Say of an exception in which line of the file it was raised, and what that line is."""
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, SyntaxError) and error.filename == str(resolved):
        line, text = error.lineno or 0, (error.text or "").strip()
        what = f"{type(error).__name__}: {error.msg}"
    else:
        frames = traceback.extract_tb(error.__traceback__)
        frame = next((each for each in reversed(frames) if each.filename == str(resolved)), None)
        line, text = (frame.lineno or 0, (frame.line or "").strip()) if frame is not None else (0, "")
        beside = frames[-1] if frames and _is_beside(frames[-1].filename, resolved) else None
        if beside is not None:
            what += f" (raised at {Path(beside.filename).name}:{beside.lineno})"
    quoted = f", in “{text}”" if text else ""
    raise WorldFileError(path, line, f"{what}{quoted}; mend it and start again") from error


def _is_beside(filename: str, resolved: Path) -> bool:
    return filename != str(resolved) and Path(filename).parent == resolved.parent


def _components_of(path: Path, module: ModuleType, world: World) -> tuple[type[object], ...]:
    """What is replicated, the components that every room has first."""
    given = module.__dict__.get("components")
    if given is None:
        found = {each for each in module.__dict__.values() if isinstance(each, type) and _is_state(each)}
        given = sorted(found, key=lambda each: component_type(each).name)
    if not isinstance(given, tuple | list):
        raise WorldFileError(path, 0, "its `components` must be a tuple of classes, as `components = (Flight, Glow)`")
    try:
        declarations = StateWorld(world, tuple(given)).declarations
    except UsageError as error:
        raise WorldFileError(path, 0, f"its `components` cannot be replicated: {error}") from error
    return tuple(each.made_by for each in declarations)


def _is_state(declared: type[object]) -> bool:
    try:
        return component_type(declared).plane is Plane.STATE
    except UnknownComponent:
        return False
