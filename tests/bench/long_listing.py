"""A bucket of any number of documents that has a listing and nothing else: what no disk need hold can be listed too.

It answers as S3 does to ListObjectsV2, in key order, and to anything else that there is no such key.
"""

import subprocess
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

_PAGE_KEYS = 1_000
_ITEM = (
    "<Contents><Key>{0}</Key><LastModified>2016-09-16T21:00:00.000Z</LastModified><ETag>&quot;{1:032x}&quot;</ETag>"
    "<Size>{2}</Size><StorageClass>STANDARD</StorageClass></Contents>"
)
_PAGE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    "<Name>{bucket}</Name><Prefix>{prefix}</Prefix><KeyCount>{count}</KeyCount><MaxKeys>{most}</MaxKeys>"
    "<IsTruncated>{is_truncated}</IsTruncated>{token}{items}</ListBucketResult>"
)
_NO_SUCH_KEY = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>None</Message></Error>'


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, count: int) -> None:
        self.keys = sorted(f"metadata/{number:05d}.json" for number in range(1, count + 1))
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together: apart, they would wait for each other's acknowledgement
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        is_listing = asked.get("list-type") == "2"
        body = (self._list(url.path.strip("/"), asked) if is_listing else _NO_SUCH_KEY).encode()
        self.send_response(200 if is_listing else 404)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _list(self, bucket: str, asked: dict[str, str]) -> str:
        keys, prefix = self.server.keys, asked.get("prefix", "")
        after = asked.get("continuation-token", asked.get("start-after", ""))
        start = max(bisect_left(keys, prefix), bisect_right(keys, after))
        stop = bisect_left(keys, prefix + chr(sys.maxunicode))
        most = min(int(asked.get("max-keys", _PAGE_KEYS)), _PAGE_KEYS)
        page = keys[start : min(stop, start + most)]
        is_truncated = bool(page) and start + len(page) < stop
        return _PAGE.format(
            bucket=bucket,
            prefix=prefix,
            count=len(page),
            most=most,
            is_truncated=str(is_truncated).lower(),
            token=f"<NextContinuationToken>{page[-1]}</NextContinuationToken>" if is_truncated else "",
            items="".join(_ITEM.format(key, start + row, 2_000 + (start + row) % 500) for row, key in enumerate(page)),
        )

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  named by http.server
        pass


@contextmanager
def run_long_listing(count: int) -> Iterator[str]:
    """Run a server of `count` keys in a process of its own, and give its URL."""
    command = [sys.executable, "-m", "bench.long_listing", str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip()
        finally:
            process.kill()


if __name__ == "__main__":
    with _Server(int(sys.argv[1])) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()
