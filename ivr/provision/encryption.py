"""The certificate that telephones, the provider and browsers are met with; nothing is open beyond loopback without."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ivr.config import NetworkSettings
from ivr.errors import SetupFailed

_FILE = "config/ivr.yaml"


@dataclass(frozen=True, slots=True)
class Encryption:
    """PEM files; the certificate's has the whole chain. `sip_tls`: the version that telephones and provider speak."""

    certificate: Path
    private_key: Path
    sip_tls: Literal["1.2", "1.3"] = "1.3"

    @property
    def method(self) -> str:
        """`sip_tls` as Asterisk writes it."""
        return f"tlsv{self.sip_tls.replace('.', '_')}"


def encryption(network: NetworkSettings, root: Path) -> Encryption | None:
    """What the settings ask for, paths from `root` on; None: everything in plain text, and on loopback only.

    SetupFailed when something is to listen beyond loopback without a certificate, or the files are of no use.
    """
    if network.certificate is None or network.private_key is None:
        _require_loopback(network)
        return None
    made = Encryption(root / network.certificate, root / network.private_key, network.sip_tls)
    for what, path in (("certificate", made.certificate), ("private_key", made.private_key)):
        if not path.is_file():
            raise SetupFailed(f"network.{what} is no file: {path}", where=_FILE, hint="give the path of a PEM file")
    if made.private_key.stat().st_mode & 0o077:
        raise SetupFailed(
            "other users can read the private key", where=str(made.private_key), hint=f"chmod 600 {made.private_key}"
        )
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(made.certificate, made.private_key)
    except (ssl.SSLError, OSError) as error:
        raise SetupFailed(
            f"certificate and private key do not serve: {getattr(error, 'reason', '') or error}",
            where=str(made.certificate),
            hint="both must be PEM files that belong together, the key without a password",
        ) from None
    return made


def _require_loopback(network: NetworkSettings) -> None:
    if network.certificate is not None or network.private_key is not None:
        raise SetupFailed("network.certificate and network.private_key need each other", where=_FILE, hint="set both")
    for name, address in (("telephones", network.telephones), ("web", network.web)):
        if not address.is_loopback:
            raise SetupFailed(
                f"network.{name}: nothing listens on {address} without TLS",
                where=_FILE,
                hint="set network.certificate and network.private_key (docs/encryption.md), or the address 127.0.0.1",
            )
