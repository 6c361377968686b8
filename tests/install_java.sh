#!/bin/sh
# Spark, a peer in the tests, needs Java 17. Installs Debian's where that is possible; else says what is left out.
set -eu
PACKAGE=openjdk-17-jre-headless

if command -v java >/dev/null; then
  exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$PACKAGE" >/dev/null
else
  echo "Java isn't there, so the tests with Spark are left out: sudo apt-get install $PACKAGE" >&2
fi
