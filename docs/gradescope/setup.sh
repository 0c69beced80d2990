#!/usr/bin/env bash
# setup.sh: Gradescope runs it once, as root, when it builds the image.
set -eu
apt-get update
apt-get install -y gcc libc6-dev make procps
make -C /autograder/source
chmod 700 /autograder/source # or a submission could read the solution
