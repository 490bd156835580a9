#!/bin/sh
# Whether the server here answers. One that still loads its file says LOADING, and is not well yet.
#
# usage: ping.sh [PORT]
set -eu
REDISCLI_AUTH="$(cat /run/secrets/redis_password)"
VALKEYCLI_AUTH="$REDISCLI_AUTH"
export REDISCLI_AUTH VALKEYCLI_AUTH
valkey-cli -p "${1:-6379}" ping | grep -qx PONG
