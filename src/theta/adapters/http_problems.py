"""Why a room could not be reached over HTTP, in words that say what to do."""

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ClientResponseError,
)

from theta.adapters.transport import CLOSE_LOST, CLOSE_UNTRUSTED

_SERVICE_UNAVAILABLE = 503


def problem_of(error: Exception) -> tuple[int, str]:
    """The close code and the words for what aiohttp or the system said; CLOSE_UNTRUSTED will not mend by itself."""
    match error:
        case ClientConnectorCertificateError():
            return CLOSE_UNTRUSTED, (
                f"nobody that this machine trusts vouches for the certificate of {error.host}: use the whole link with "
                "#invite=…, by which the room is known whatever its certificate"
            )
        case ClientConnectorSSLError():
            return CLOSE_LOST, f"what answers at {error.host}:{error.port} does not speak HTTPS: try http:// instead"
        case ClientConnectorDNSError():
            return CLOSE_LOST, f"{error.host} is not known on this network: check the name, or use the address"
        case ClientConnectorError(os_error=ConnectionRefusedError()):
            return CLOSE_LOST, f"nothing listens at {error.host}:{error.port}: is the room open, and is that its port?"
        case ClientResponseError(status=status) if status != _SERVICE_UNAVAILABLE:
            return CLOSE_LOST, f"what answers there is no room of Theta's (HTTP status {status})"
        case TimeoutError():
            return CLOSE_LOST, "nobody answers there"
    return CLOSE_LOST, str(error)
