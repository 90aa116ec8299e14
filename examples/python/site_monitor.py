"""A monitor of websites, with FastMCP: python site_monitor.py https://example.com"""

import socket
import ssl
import sys
import time
from collections import deque
from datetime import datetime, timezone
from typing import Annotated
from urllib.parse import urlsplit

import httpx
from fastmcp import FastMCP
from fastmcp.exceptions import ToolError
from fastmcp.prompts import Message
from mcp_types import EmbeddedResource, TextResourceContents
from pydantic import BaseModel, Field

TIME_MAX = 10
SITES = sys.argv[1:]
TLS = ssl.create_default_context()

mcp = FastMCP("site_monitor")
log: deque[str] = deque(maxlen=100)
Site = Annotated[str, Field(description="The site, as config://app lists it.")]


class Settings(BaseModel):
    sites: list[str]
    timeout_s: int


class SiteStatus(BaseModel):
    status: int
    elapsed_ms: int


class CertificateExpiry(BaseModel):
    expires: datetime
    days_left: int


# A model may name what is monitored, and nothing else.
def check_known(site: str) -> None:
    if site not in SITES:
        raise ToolError(f"`{site}` is not monitored; sites: {', '.join(SITES)}")


def note(check: str, site: str, outcome: str) -> None:
    log.append(f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ} {site} {check}: {outcome}")


@mcp.tool(annotations={"readOnlyHint": True})
def check_site_status(site: Site) -> SiteStatus:
    """Check whether a site answers, with which status, and how fast."""
    check_known(site)
    start = time.monotonic()
    try:
        with httpx.Client(timeout=TIME_MAX, trust_env=False) as client, client.stream("GET", site) as reply:
            status = reply.status_code
    except httpx.HTTPError as error:
        note("status", site, str(error))
        raise ToolError(f"{site}: {error}") from None
    note("status", site, "good")
    return SiteStatus(status=status, elapsed_ms=round((time.monotonic() - start) * 1000))


@mcp.tool(annotations={"readOnlyHint": True})
def check_ssl_expiry(site: Site) -> CertificateExpiry:
    """Tell when the certificate of a site expires."""
    check_known(site)
    try:
        expires = expiry(site)
    except (OSError, ValueError) as error:
        note("certificate", site, str(error))
        raise ToolError(f"{site}: {error}") from None
    note("certificate", site, "good")
    return CertificateExpiry(expires=expires, days_left=(expires - datetime.now(timezone.utc)).days)


def expiry(site: str) -> datetime:
    url = urlsplit(site)
    with socket.create_connection((url.hostname, url.port or 443), timeout=TIME_MAX) as connection:
        with TLS.wrap_socket(connection, server_hostname=url.hostname) as encrypted:
            certificate = encrypted.getpeercert()
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), timezone.utc)


@mcp.resource("config://app", mime_type="application/json")
def config() -> str:
    """What is monitored."""
    return Settings(sites=SITES, timeout_s=TIME_MAX).model_dump_json()


@mcp.resource("log://latest")
def latest_log() -> str:
    """The latest checks, oldest first."""
    return "\n".join(log)


@mcp.prompt
def debug_incident(
    site: Annotated[str, Field(description="The site.")],
    symptom: Annotated[str, Field(description="What is seen.")] = "it does not answer",
) -> list[Message]:
    """Find out why a site does not work."""
    latest = TextResourceContents(uri="log://latest", mime_type="text/plain", text="\n".join(log))
    return [
        Message(f"There is an incident with {site}: {symptom}."),
        Message(EmbeddedResource(type="resource", resource=latest)),
        Message("I look at the log first, and check status and certificate before I name causes.", role="assistant"),
        Message("List three likely causes, and for each the one check that would rule it out."),
    ]


if __name__ == "__main__":
    mcp.run(show_banner=False)
