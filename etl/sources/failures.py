"""What a request that failed means: ask again, ask more slowly, give this object up, or give up altogether.

boto3 tells failures apart by type, code and header; obstore by a text. So obstore's word counts for one thing only,
whether the server asks to slow down, and whatever else failed is asked once more through boto3 (`etl.sources.s3`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    FlexibleChecksumError,
    NoCredentialsError,
    ProxyConnectionError,
    SSLError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

_SLOW_DOWN = {"SlowDown", "ServiceUnavailable", "RequestLimitExceeded", "TooManyRequests", "503", "429"}
_SKEWED = {"RequestTimeTooSkewed", "RequestExpired"}
_ENDED = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken"}
_MOVED = {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301"}
_LOST = dict.fromkeys(("NoSuchKey", "NoSuchVersion", "404"), "not found") | {
    "InvalidObjectState": "archived: restore it first (InvalidObjectState)"
}
_SLOW_DOWN_STATUS = (429, 503)
_FORBIDDEN = 403
_LOGGED_OUT = (NoCredentialsError, CredentialRetrievalError, TokenRetrievalError, UnauthorizedSSOTokenError)
_NOBODY_THERE = (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError, SSLError)
_STATUS = re.compile(r"non-2xx status code: (\d{3})")
_LONGEST_RETRY_AFTER = 300.0

NO_ANSWER = "no answer in time"
NOT_S3 = "the answer isn't the object store's: is there a login page or a proxy on the way?"


class Verdict(Enum):
    """What to do about a failure."""

    RETRY = auto()
    """Ask again: something went wrong on the way."""
    UNCLEAR = auto()
    """Ask again: something went wrong, and boto3 will say what."""
    SILENT = auto()
    """Ask again: no answer came in time."""
    SLOW_DOWN = auto()
    """Ask again, and less often."""
    UNREACHABLE = auto()
    """Nobody answered. That says nothing about the object: ask again, unless nobody ever answered."""
    DENIED = auto()
    """Not allowed. That ends a listing; of an object, perhaps it is this one only."""
    LOST = auto()
    """This object can't be had."""
    FATAL = auto()
    """Nothing can be had: whatever is asked next fails alike."""


class RequestError(Exception):
    """A request that failed. `retry_after` is how many seconds the server wants to be left alone."""

    def __init__(self, verdict: Verdict, message: str, retry_after: float = 0) -> None:
        super().__init__(message)
        self.verdict = verdict
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Place:
    """Where requests go, for messages."""

    uri: str
    bucket: str
    endpoint: str
    signed: bool

    def __str__(self) -> str:
        return f"{self.uri} at {self.endpoint}"


def explain_hint(error: Exception) -> RequestError:
    """What obstore's error says. Only a plea to slow down is told from everything else."""
    status = _STATUS.search(str(error))
    verdict = Verdict.SLOW_DOWN if status and status[1] in _SLOW_DOWN else Verdict.UNCLEAR
    return RequestError(verdict, _first_line(error))


def explain_failure(error: Exception, place: Place) -> RequestError:
    """What boto3's error says, with what to do about it."""
    if isinstance(error, ClientError):
        return _explain_answer(error, place)
    if isinstance(error, _LOGGED_OUT):
        message = f"{place} can't be asked, the credentials have ended: log in again ({error})."
        return RequestError(Verdict.FATAL, message)
    if isinstance(error, SSLError) and "CERTIFICATE" in str(error):  # or a line that broke before all was agreed upon
        remedy = "name the authority that vouches for it in AWS_CA_BUNDLE, or mend the endpoint"
        return RequestError(Verdict.FATAL, f"{place} has no certificate that can be trusted: {remedy} ({error}).")
    if isinstance(error, _NOBODY_THERE):
        message = f"Can't reach {place}: check the endpoint, the network and the proxy ({_name_cause(error)})."
        return RequestError(Verdict.UNREACHABLE, message)
    return RequestError(Verdict.RETRY, _explain_break(error))


def _explain_break(error: Exception) -> str:
    if isinstance(error, FlexibleChecksumError):
        return "the checksum of what came isn't the one that was promised"
    return f"the answer broke off: {_name_cause(error)}"


def _explain_answer(error: ClientError, place: Place) -> RequestError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    metadata = error.response.get("ResponseMetadata", {})
    status, headers = int(metadata.get("HTTPStatusCode", 0)), metadata.get("HTTPHeaders", {})
    if code in _SLOW_DOWN or status in _SLOW_DOWN_STATUS:
        wait = _read_seconds(headers.get("retry-after"))
        return RequestError(Verdict.SLOW_DOWN, f"the server asks to slow down ({code})", wait)
    if code in _LOST:
        return RequestError(Verdict.LOST, _LOST[code])
    if cause := _explain_end(code, headers, place):
        return RequestError(Verdict.FATAL, cause)
    if status == _FORBIDDEN:
        return RequestError(Verdict.DENIED, f"{place} denies access ({code or 'no code'}): {_access_remedy(place)}")
    if code.isdecimal():  # boto3's word for what isn't an error of S3; for a listing that isn't one, it is 500
        return RequestError(Verdict.RETRY, NOT_S3)
    return RequestError(Verdict.RETRY, f"the server answered {status} ({code})")


def _explain_end(code: str, headers: Mapping[str, str], place: Place) -> str:
    """What to do about an answer that every request would get; empty for any other."""
    if code == "NoSuchBucket":
        return f"There is no bucket {place.bucket} at {place.endpoint}: check its name and the endpoint."
    if code in _MOVED:
        region = headers.get("x-amz-bucket-region")
        return f"{place} is in another region: set AWS_REGION to {region or 'that of the bucket'}."
    if code in _SKEWED:
        return f"{place} refuses the time of this machine ({code}): set its clock."
    if code in _ENDED:
        return f"{place} can't be asked, the credentials have ended ({code}): log in again."
    return ""


def _access_remedy(place: Place) -> str:
    if place.signed:
        return "check the credentials, and that they allow s3:ListBucket and s3:GetObject on it."
    return (
        "requests go unsigned, and it isn't public: "
        "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and its secret, or add --sign."
    )


def _read_seconds(retry_after: str | None) -> float:
    """Seconds of a Retry-After header. Its other form, a date, counts as none: clocks differ."""
    return min(float(retry_after), _LONGEST_RETRY_AFTER) if retry_after and retry_after.isdecimal() else 0.0


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _name_cause(error: Exception) -> str:
    """What the chain of urllib3's errors began with, in people's words."""
    text = str(getattr(error, "kwargs", {}).get("error", error))
    if "resolve" in text:
        return "its name can't be resolved"
    return text.rpartition(": ")[2].rstrip(")'\"")
