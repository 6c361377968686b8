"""What a user can say about the way to S3. Apart from the rest, so that no S3 library is imported to say it."""

from dataclasses import dataclass

CONCURRENCY = 64


@dataclass(frozen=True, slots=True)
class S3Options:
    """How to reach a bucket. None means what boto3 finds.

    `sign` None: signed where credentials are found, but never for the public bucket, for which an account needs no
    permission. `concurrency` is the number of requests at once.
    """

    endpoint_url: str | None = None
    profile: str | None = None
    sign: bool | None = None
    requester_pays: bool = False
    concurrency: int = CONCURRENCY
