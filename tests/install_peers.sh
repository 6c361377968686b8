#!/bin/sh
# What some tests need and pip can't install. Installs Debian's where that is possible; else says what is left out.
set -eu

need() {  # COMMAND PACKAGE TESTS
  if command -v "$1" >/dev/null; then
    return
  fi
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$2" >/dev/null
  else
    echo "There is no $1, so the tests $3 are left out: sudo apt-get install $2" >&2
  fi
}

need java openjdk-17-jre-headless "with Spark"
need chromium chromium "of pages in a browser"
