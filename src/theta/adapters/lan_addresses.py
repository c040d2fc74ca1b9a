"""Under which names and addresses this machine can be reached, and the links that they make."""

import ipaddress
import socket
from collections.abc import Iterable
from typing import NamedTuple

import ifaddr

LOOPBACK_ADDRESSES = ("127.0.0.1", "::1")
_VIRTUAL_INTERFACES = ("docker", "br-", "veth", "virbr", "vmnet", "vboxnet", "vethernet", "cni", "podman", "lxc")


class MachineNames(NamedTuple):
    """Host names, and literal addresses other than the loopback's, best first: the one to tell people."""

    hosts: tuple[str, ...]
    addresses: tuple[str, ...]


def machine_names() -> MachineNames:
    """What this machine goes by now. Link-local IPv6 addresses are left out: no browser opens them."""
    found: dict[str, tuple[bool, bool, bool, int]] = {}
    default = _address_of_default_route()
    for order, adapter in enumerate(ifaddr.get_adapters()):
        is_virtual = adapter.nice_name.lower().startswith(_VIRTUAL_INTERFACES)
        for each in adapter.ips:
            address = ipaddress.ip_address(each.ip if isinstance(each.ip, str) else each.ip[0])
            if address.is_loopback or address.is_unspecified or (address.version == 6 and address.is_link_local):
                continue
            text = str(address)
            found.setdefault(text, (address.version == 6, is_virtual or address.is_link_local, text != default, order))
    return MachineNames(_host_names(socket.gethostname()), tuple(sorted(found, key=lambda each: found[each])))


def is_loopback(address: str) -> bool:
    """Whether a peer's literal address says that it is on this machine."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed).is_loopback


def https_links(names: Iterable[str], port: int) -> tuple[str, ...]:
    """The URLs of a room at these names or addresses, for example `https://192.168.1.5:8080`."""
    return tuple(f"https://[{name}]:{port}" if ":" in name else f"https://{name}:{port}" for name in names)


def _host_names(machine: str) -> tuple[str, ...]:
    """The machine's name as it is, and as multicast DNS has it."""
    name = machine.lower().rstrip(".")
    if not name or not name.isascii() or name == "localhost":
        return ()
    return tuple(dict.fromkeys((name, f"{name.partition('.')[0]}.local")))


def _address_of_default_route() -> str:
    """Where packets to elsewhere would come from; empty without a way there. Sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))  # an address of nobody, RFC 5737
        except OSError:
            return ""
        return str(probe.getsockname()[0])
