#!/bin/sh
# Members of a replica set know each other by a key file that only mongod may read. It is written to
# memory from the environment, which spares a file with the right owner on every host.
set -eu
umask 077
keyfile="${TMPDIR:-/tmp}/keyfile"
printf '%s' "${MONGO_KEYFILE:?set it in .env, see .env.example}" > "$keyfile"
unset MONGO_KEYFILE
exec docker-entrypoint.sh "$@" --keyFile "$keyfile"
