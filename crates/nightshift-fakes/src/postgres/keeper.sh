# Starts a PostgreSQL and ends it when nobody uses it any more.
# $1: its folder; $2: the programs; $3: who it runs as, empty for whoever runs this; $4: its data.
base=$1 programs=$2 as=$3 data=$4
umask 077
rm -rf "$data"
mkdir "$data" || exit 1
set -- 
if command -v setpriv >/dev/null; then
    [ -z "$as" ] || { chown "$as" "$data"; set -- --reuid="$as" --regid="$(id -g "$as")" --init-groups; }
    setpriv "$@" "$programs/initdb" -D "$data" -U nightshift -A trust -E UTF8 \
        --locale=C.UTF-8 --locale-provider=icu --icu-locale=en --no-sync --no-instructions || exit 1
    # Dies with this shell.
    set -- setpriv --pdeathsig KILL "$@"
else
    "$programs/initdb" -D "$data" -U nightshift -A trust -E UTF8 --locale=C --no-sync \
        --no-instructions || exit 1
fi
# Set as in production, for what is read back; as small as tests need it.
"$@" "$programs/postgres" -D "$data" -k "$base" -c listen_addresses= -c port=5432 \
    -c unix_socket_permissions=0777 -c max_connections=400 -c shared_buffers=128MB \
    -c max_wal_size=256MB -c log_min_messages=fatal &
server=$!
idle=0
while kill -0 "$server" 2>/dev/null; do
    sleep 5
    [ -e "$base/in-use" ] || { idle=$((idle + 1)); [ "$idle" -lt 12 ] && continue; }
    # Whoever begins to use it holds the first lock meanwhile.
    if flock -n -x "$base.lock" sh -c '[ ! -e "$1/in-use" ] || flock -n -x "$1/in-use" true' - "$base"; then
        idle=$((idle + 1))
    else
        idle=0
    fi
    if [ "$idle" -ge 4 ]; then
        exec 9>"$base.lock"
        flock -n -x 9 || continue
        flock -n -x "$base/in-use" true || { idle=0; exec 9>&-; continue; }
        kill -QUIT "$server"
        wait "$server"
        rm -rf "$base" "$data"
        exit 0
    fi
done
