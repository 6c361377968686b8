#!/bin/sh
# What some tests need and pip can't install. Installs Debian's where that is possible; else says what is left out.
set -eu

install() {  # PACKAGE
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null &&
    apt-get update -qq &&
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$1" >/dev/null
}

need() {  # COMMAND PACKAGE TESTS
  command -v "$1" >/dev/null || install "$2" ||
    echo "There is no $1, so the tests $3 are left out: sudo apt-get install $2" >&2
}

need java openjdk-17-jre-headless "with Spark"
need chromium chromium "of pages in a browser"
