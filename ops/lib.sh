# Shared by the scripts beside it: `source "$(dirname "$0")/lib.sh"`. Moves to the root of the checkout, defines
# functions, starts nothing. Says what it does on stderr, so that stdout stays for answers.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$ROOT"
LOCAL=$ROOT/.local
PG_BIN=/usr/lib/postgresql/15/bin
export LC_ALL=C.UTF-8 MIBS=
# What points psql at somebody else's database does not belong here.
unset PGHOST PGHOSTADDR PGPORT PGUSER PGPASSWORD PGDATABASE PGSERVICE PGOPTIONS PGPASSFILE

say() { printf '%s\n' "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }
is_root() { [[ $(id -u) == 0 ]]; }

# --- packages and tools -------------------------------------------------------------------------------------------

# The packages of the named sections of ops/packages.txt.
packages_of() {
    awk -v wanted=" $* " '
        /^\[/ { section = substr($1, 2, length($1) - 2); next }
        /^#/ || NF == 0 { next }
        index(wanted, " " section " ") { print $1 }' ops/packages.txt
}

# Those of them that are not installed.
missing_packages() {
    command -v dpkg-query >/dev/null || die "this is no Debian system: install the likes of ops/packages.txt by hand"
    local wanted
    mapfile -t wanted < <(packages_of "$@")
    comm -23 <(printf '%s\n' "${wanted[@]}" | sort) \
        <({ dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null || true; } \
            | sed -n 's/^installed //p' | sort -u)
}

# Installs what is missing: as root at once, with sudo where it asks nothing, else says the one line to type.
need_packages() {
    local missing
    mapfile -t missing < <(missing_packages "$@")
    (( ${#missing[@]} == 0 )) && return
    if is_root; then
        ops/install "$@" >&2
    elif sudo -n true 2>/dev/null; then
        say "installing with sudo: ${missing[*]}"
        sudo -n "$ROOT/ops/install" "$@" >&2
    else
        say "missing Debian packages: ${missing[*]}"
        say "to install them, type:"
        say "    sudo $ROOT/ops/install $*"
        exit 1
    fi
}

need_swift() {
    local version
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -1)
    [[ -n $version ]] || die "no swift on the PATH: install the Swift 6.3 toolchain (README.md says how)"
    [[ $(printf '%s\n' 6.2 "$version" | sort -V | head -1) == 6.2 ]] || die "swift is $version, wanted 6.2 or later"
}

# Python tools in .local/venv; made anew when the pins or the place change.
need_venv() {
    local want
    want=$(cat ops/requirements.txt <(/usr/bin/python3 --version) <(echo "$ROOT") | sha256sum | cut -c1-16)
    [[ -f .local/venv/stamp && $(<.local/venv/stamp) == "$want" ]] && return
    say "installing the Python tools of ops/requirements.txt into .local/venv"
    mkdir -p .local
    /usr/bin/python3 -m venv --clear .local/venv
    .local/venv/bin/python -m pip install --disable-pip-version-check --quiet -r ops/requirements.txt >&2
    echo "$want" > .local/venv/stamp
}

# --- secrets, ports, processes ------------------------------------------------------------------------------------

# A random secret, made once and kept in .local/secrets/NAME (0600): 24 bytes as 32 characters that need no quoting.
secret() {
    local file=$LOCAL/secrets/$1
    if [[ ! -s $file ]]; then
        mkdir -p "$LOCAL"
        (umask 077; mkdir -p "$LOCAL/secrets"; random_word > "$file.new")
        mv "$file.new" "$file"
    fi
    cat "$file"
}

random_word() { head -c 24 /dev/urandom | base64 | tr '+/' '-_'; }

# Free TCP ports of the loopback address; they were free a moment ago, which is all anybody can promise.
free_port() {
    /usr/bin/python3 -c '
import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

port_is_free() {
    /usr/bin/python3 -c '
import socket, sys
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind((sys.argv[1], int(sys.argv[2])))' \
        "$1" "$2" 2>/dev/null
}

# Asks a process to end, waits up to SECONDS (10), then insists. A child is reaped.
end_process() {
    local pid=${1:-} seconds=${2:-10}
    [[ -n $pid ]] && kill -0 "$pid" 2>/dev/null || return 0
    kill -TERM "$pid" 2>/dev/null || true
    local tick
    for (( tick = 0; tick < seconds * 20; tick++ )); do
        process_lives "$pid" || { wait "$pid" 2>/dev/null || true; return 0; }
        sleep 0.05
    done
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
}

# A zombie is dead for our purposes.
process_lives() { [[ -r /proc/$1/stat ]] && [[ $(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null) != [ZX] ]]; }

# Waits until URL answers 2xx, or the process PID is gone, or SECONDS have passed.
wait_for_url() {
    local url=$1 pid=$2 seconds=$3 tick
    for (( tick = 0; tick < seconds * 10; tick++ )); do
        curl --silent --fail --max-time 2 --output /dev/null "$url" && return 0
        process_lives "$pid" || return 1
        sleep 0.1
    done
    return 1
}

# --- PostgreSQL ---------------------------------------------------------------------------------------------------
# A cluster lives in a directory of its own: data/, log, port, password (of its superuser `postgres`). It listens on
# 127.0.0.1 alone and has no socket file: a long checkout path does not fit into one (107 bytes).

# initdb refuses root, so root hands its clusters to the user postgres.
as_postgres() {
    if is_root; then
        (cd / && exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$@")
    else
        (cd / && exec "$@")
    fi
}

# Where this checkout's own cluster lives. If user postgres cannot reach the checkout, outside of it.
cluster_home() {
    mkdir -p "$LOCAL"
    if is_root && ! as_postgres test -x "$LOCAL"; then
        echo "/var/lib/pulse-dev/$(printf '%s' "$ROOT" | sha256sum | cut -c1-16)"
    else
        echo "$LOCAL/postgres"
    fi
}

# Where throwaway clusters go: into memory if there is plenty of it, since a database is 1,300 files and copying them costs
# 33 ms there and 550 ms on ext4. What tests run as programs does not: such a file system may refuse to execute.
cluster_room() {
    local room=/dev/shm free available
    free=$(df -k --output=avail "$room" 2>/dev/null | tail -1)
    available=$(awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo)
    if [[ -w $room ]] && (( ${free:-0} > 4 << 20 && ${available:-0} > 8 << 20 )); then
        echo "$room"
    else
        echo "${TMPDIR:-/tmp}"
    fi
}

cluster_pid() { [[ -r $1/data/postmaster.pid ]] && head -1 "$1/data/postmaster.pid"; }

cluster_lives() {
    local pid
    pid=$(cluster_pid "$1") && [[ -n $pid ]] && process_lives "$pid" \
        && [[ $(tr '\0' ' ' < "/proc/$pid/cmdline" 2>/dev/null) == *postgres* ]]
}

cluster_create() {
    local dir=$1
    say "creating a PostgreSQL cluster in $dir"
    rm -rf "$dir/data"
    mkdir -p "$dir"
    (umask 077; random_word > "$dir/password")
    if is_root; then chmod 755 "$dir"; chown postgres:postgres "$dir" "$dir/password"; fi
    as_postgres "$PG_BIN/initdb" -D "$dir/data" -U postgres -A scram-sha-256 --pwfile="$dir/password" \
        -E UTF8 --locale=C.UTF-8 --no-instructions > "$dir.initdb.log" 2>&1 \
        || { cat "$dir.initdb.log" >&2; die "initdb failed"; }
    rm -f "$dir.initdb.log"
    as_postgres sh -c "echo \"include 'pulse.conf'\" >> '$dir/data/postgresql.conf'"
}

# durable: keeps what it was told. fast: for tests; only a crash of the machine may lose what was committed, not one of
# PostgreSQL. bench: durable, and tuned.
cluster_settings() {
    cat <<-SETTINGS
	listen_addresses = '127.0.0.1'
	unix_socket_directories = ''
	password_encryption = 'scram-sha-256'
	timezone = 'UTC'
	log_timezone = 'UTC'
	log_line_prefix = '%m [%p] %u@%d '
	jit = off
	SETTINGS
    case $1 in
        durable) printf '%s\n' 'max_connections = 150' 'shared_buffers = 256MB' 'max_wal_size = 2GB' ;;
        fast) printf '%s\n' 'max_connections = 400' 'shared_buffers = 256MB' 'fsync = off' \
            'full_page_writes = off' 'max_wal_size = 1GB' 'wal_level = minimal' 'max_wal_senders = 0' \
            'dynamic_shared_memory_type = mmap' ;; # one that is killed leaves nothing beside its directory
        bench) printf '%s\n' 'max_connections = 200' 'shared_buffers = 1GB' 'max_wal_size = 8GB' \
            'wal_level = minimal' 'max_wal_senders = 0' 'wal_compression = lz4' 'checkpoint_timeout = 30min' ;;
        *) die "cluster: no such kind: $1 (durable, fast or bench)" ;;
    esac
}

# cluster_start DIR [durable|fast|bench]: makes it if need be; returns when it answers. Starting twice is harmless.
cluster_start() {
    local dir=$1 kind=${2:-durable} port
    cluster_lives "$dir" && return
    [[ -s $dir/data/pulse.conf ]] || cluster_create "$dir"
    port=$(cat "$dir/port" 2>/dev/null || true)
    [[ -n $port ]] && port_is_free 127.0.0.1 "$port" || port=$(free_port)
    echo "$port" > "$dir/port"
    # SCRAM where a role's password was stored for it, as ours are; unit tests store theirs as MD5 (`TestCluster`).
    [[ $kind != fast ]] || as_postgres sed -i 's/scram-sha-256$/md5/' "$dir/data/pg_hba.conf"
    { cluster_settings "$kind"; echo "port = $port"; } | as_postgres tee "$dir/data/pulse.conf" >/dev/null
    # Descriptors above 2 (locks, pipes) stay with us; the server outlives the caller.
    as_postgres "$PG_BIN/pg_ctl" start -D "$dir/data" -l "$dir/data/server.log" -w -t 60 \
        </dev/null >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- \
        || { as_postgres tail -20 "$dir/data/server.log" >&2; die "PostgreSQL in $dir did not start"; }
}

# cluster_stop DIR [fast|immediate]: ends it by its own pid file.
cluster_stop() {
    cluster_lives "$1" || return 0
    as_postgres "$PG_BIN/pg_ctl" stop -D "$1/data" -m "${2:-fast}" -w -t 60 >/dev/null 2>&1 \
        || die "PostgreSQL in $1 did not stop"
}

# cluster_remove DIR: for throwaway clusters.
cluster_remove() { cluster_stop "$1" immediate; rm -rf "$1"; }

# cluster_uri DIR [USER PASSWORD] [DATABASE]: a libpq URI.
cluster_uri() {
    echo "postgres://${2:-postgres}:${3:-$(cat "$1/password")}@127.0.0.1:$(cat "$1/port")/${4:-postgres}"
}

# psql_in DIR DATABASE …: as superuser, quiet, stops at the first error. The password goes by environment.
psql_in() {
    local dir=$1 database=$2
    shift 2
    PGPASSWORD=$(cat "$dir/password") psql -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$(cat "$dir/port")" \
        -U postgres -d "$database" "$@"
}

# database_create DIR DATABASE OWNER_PW APP_PW WORKER_PW OPERATOR_PW: the database with roles and schema; harmless twice.
database_create() {
    local dir=$1 database=$2
    [[ -n $(psql_in "$dir" postgres -Atc "SELECT 1 FROM pg_database WHERE datname = '$database'") ]] \
        || psql_in "$dir" postgres -c "CREATE DATABASE \"$database\" TEMPLATE template0 ENCODING 'UTF8'"
    # Passwords come on stdin: arguments can be read by everybody.
    psql_in "$dir" "$database" >/dev/null 2>&1 <<-SQL || die "Migrations/bootstrap.sql failed in $database"
	\\set owner_password '$3'
	\\set app_password '$4'
	\\set worker_password '$5'
	\\set operator_password '$6'
	\\i $ROOT/Migrations/bootstrap.sql
	SQL
}

# --- settings -----------------------------------------------------------------------------------------------------

# The name of this machine's architecture as Debian and our download address say it.
agent_architecture() {
    case $(uname -m) in
        x86_64) echo amd64 ;;
        aarch64) echo arm64 ;;
        *) uname -m ;;
    esac
}

# Takes KEY=VALUE lines from FILE, if it is there; what the environment says already wins. Values are taken as they
# stand, with one pair of quotes around them removed; nothing is executed.
read_env_file() {
    local line key value
    [[ -r $1 ]] || return 0
    while IFS= read -r line || [[ -n $line ]]; do
        [[ $line =~ ^([A-Z][A-Z0-9_]*)=(.*)$ ]] || continue
        key=${BASH_REMATCH[1]} value=${BASH_REMATCH[2]}
        [[ $value =~ ^\"(.*)\"$ || $value =~ ^\'(.*)\'$ ]] && value=${BASH_REMATCH[1]}
        [[ -n ${!key:-} || -z $value ]] || export "$key=$value"
    done < "$1"
}
