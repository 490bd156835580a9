#!/bin/sh
# Starts a server that keeps what it acknowledges, with the password of the secret file, which is in
# no argument and no variable. Needs nothing but a shell, cat, grep and the server.
#
# usage: server.sh single
#        server.sh cluster                  a node of a cluster; form-cluster.sh joins them
#        server.sh replicated [PRIMARY]     follows PRIMARY until a Sentinel has said otherwise
#        server.sh sentinel PRIMARY         watches PRIMARY until Sentinels have agreed on another
set -eu
umask 077
readonly NAME=tollbook DOWN_MS="${TOLLBOOK_DOWN_MS:-5000}"
password="$(cat /run/secrets/redis_password)"

durable() {
  cat <<END
bind * -::*
dir /data
appendonly yes
appendfsync always
no-appendfsync-on-rewrite no
save ""
maxmemory ${TOLLBOOK_MAXMEMORY:-2gb}
maxmemory-policy noeviction
requirepass "$password"
END
}

# A replica that was away for a moment takes up where it was, instead of copying everything.
replicated() {
  durable
  cat <<END
masterauth "$password"
repl-diskless-sync-delay 0
repl-backlog-size ${TOLLBOOK_BACKLOG:-64mb}
END
}

# The lines of an earlier file that its server wrote into it; the first time, what is given.
kept() {
  if [ -e "$1" ]; then grep -E "$2" "$1" || true; else echo "$3"; fi
}

case "${1:-} $#" in
  'single 1')
    exec valkey-server - <<END
$(durable)
END
    ;;
  'cluster 1')
    exec valkey-server - <<END
$(replicated)
cluster-enabled yes
cluster-config-file nodes.conf
cluster-node-timeout $DOWN_MS
cluster-require-full-coverage no
END
    ;;
  # Sentinel has the server rewrite its file, so that it knows after a restart whom it followed: a
  # primary of old that began as one again would have the others copy its past.
  'replicated 1' | 'replicated 2')
    file=/data/server.conf
    first="${2:+replicaof $2 6379}"
    role="$(kept "$file" '^(replicaof|slaveof) ' "$first")"
    printf '%s\n' "$(replicated)" "$role" >"$file.new"
    cat "$file.new" >"$file"
    exec valkey-server "$file"
    ;;
  'sentinel 2')
    file=/data/sentinel.conf
    known="$(kept "$file" '^sentinel (myid|monitor|config-epoch|leader-epoch|known-|current-epoch)' \
      "sentinel monitor $NAME $2 6379 2")"
    cat >"$file.new" <<END
bind * -::*
port 26379
dir /tmp
requirepass "$password"
sentinel sentinel-pass "$password"
$known
sentinel auth-pass $NAME "$password"
sentinel down-after-milliseconds $NAME $DOWN_MS
sentinel failover-timeout $NAME $((DOWN_MS * 6))
sentinel parallel-syncs $NAME 1
END
    cat "$file.new" >"$file"
    exec valkey-server "$file" --sentinel
    ;;
  *)
    grep -E '^# (usage|  )' "$0" >&2
    exit 2
    ;;
esac
