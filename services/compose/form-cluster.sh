#!/bin/sh
# Makes one cluster of the nodes, and ends when all of it works. Each step looks first whether it is
# done, so it may be run at any time: after a restart it changes nothing, a node that came back with
# an empty disk is taken in as a replica, and what was moved or failed over stays where it is.
#
# usage: form-cluster.sh ADDRESS...     an even number; the second half replicates the first
set -eu
readonly PORT=6379 SLOTS=16384 WAIT_S_MAX=120
REDISCLI_AUTH="$(cat /run/secrets/redis_password)"
VALKEYCLI_AUTH="$REDISCLI_AUTH"
export REDISCLI_AUTH VALKEYCLI_AUTH

ask() {
  node=$1
  shift
  valkey-cli -e -h "$node" -p "$PORT" "$@"
}

until_so() {
  what=$1
  shift
  left=$((WAIT_S_MAX * 2))
  until "$@" >/dev/null 2>&1; do
    left=$((left - 1))
    if [ "$left" -le 0 ]; then
      echo "form-cluster: waited $WAIT_S_MAX s in vain: $what" >&2
      exit 1
    fi
    sleep 0.5
  done
}

fact() { ask "$1" cluster info | grep -q "^$2"; }
answers() { ask "$1" ping | grep -qx PONG; }
id_of() { ask "$1" cluster myid; }
knows() { ask "$1" cluster nodes | grep -q "^$2 [^ ]* [^ ]*\(master\|slave\) .* connected"; }
# What a node says of itself: "primary" with slots, "blank" without any, or "replica".
role_of() {
  ask "$1" cluster nodes | while read -r _ _ flags _ _ _ _ _ slots; do
    case "$flags ${slots:-}" in
      *myself*slave*) echo replica ;;
      *myself*master' ') echo blank ;;
      *myself*) echo primary ;;
    esac
  done
}
is() { [ "$(role_of "$1")" = "$2" ]; }
follows() { ask "$1" role | grep -qx connected; }
# The node that has the slots of a node: itself, or whom it replicates.
primary_of() {
  ask "$1" cluster nodes | while read -r id _ flags primary _; do
    case "$flags" in
      *myself*slave*) echo "$primary" ;;
      *myself*) echo "$id" ;;
    esac
  done
}
replicate() { ask "$1" cluster replicate "$(primary_of "$2")"; }
# A node that lost its disk is another now; nobody waits for who it was.
forget_lost() {
  ask "$1" cluster nodes | while read -r id _ flags _ _ _ _ _ slots; do
    case "$flags ${slots:-}" in
      *noaddr*' ') ask "$1" cluster forget "$id" >/dev/null 2>&1 || true ;;
    esac
  done
}

if [ $(($# % 2)) -ne 0 ] || [ $# -lt 6 ]; then
  echo "form-cluster: give at least three primaries and as many replicas, not $# addresses" >&2
  exit 2
fi
half=$(($# / 2))

for node in "$@"; do until_so "$node answers" answers "$node"; done
for node in "$@"; do
  for other in "$@"; do
    id=$(id_of "$other")
    knows "$node" "$id" || ask "$node" cluster meet "$other" "$PORT" >/dev/null
  done
done
for node in "$@"; do
  for other in "$@"; do until_so "$node knows $other" knows "$node" "$(id_of "$other")"; done
done

# Slots that somebody has are refused as busy, and stay there. That is also what a node is told
# that lost its disk, whose slots its replica has by now.
number=0
for node in "$@"; do
  [ "$number" -lt "$half" ] || break
  first=$((SLOTS * number / half))
  number=$((number + 1))
  last=$((SLOTS * number / half - 1))
  if is "$node" blank && ! fact "$node" "cluster_slots_assigned:$SLOTS"; then
    ask "$node" cluster addslotsrange "$first" "$last" >/dev/null 2>&1 || true
  fi
done
for node in "$@"; do until_so "$node sees all slots" fact "$node" "cluster_slots_assigned:$SLOTS"; done

# The addresses once more, so that each pair is looked at from both sides.
number=0
for node in "$@"; do
  number=$((number + 1))
  if [ "$number" -le "$half" ]; then partner=$((number + half)); else partner=$((number - half)); fi
  eval "partner=\${$partner}"
  if is "$node" blank; then
    until_so "$node may replicate $partner" replicate "$node" "$partner"
  fi
done
for node in "$@"; do
  until_so "$node is well" fact "$node" cluster_state:ok
  is "$node" primary || until_so "$node follows its primary" follows "$node"
  forget_lost "$node"
done
echo "form-cluster: $half primaries and $half replicas have all $SLOTS slots"
