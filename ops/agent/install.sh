#!/bin/sh
# Installs pulse-agent on this Linux machine and enrols it.
#
#   sh install.sh --url https://pulse.example.com --token pet_...    (as root)
#   sh install.sh --uninstall
#
# Puts the program into /usr/local/bin, its state into /var/lib/pulse-agent (0700) and, where systemd runs, a service.
# Doing it again renews the program; a machine that is enrolled stays so unless a new token is given.
set -eu

url='' token='' uninstall='' plaintext=''
prefix=${PULSE_AGENT_PREFIX:-/usr/local/bin}
state=${PULSE_AGENT_STATE_DIR:-/var/lib/pulse-agent}
units=${PULSE_AGENT_UNITS:-/etc/systemd/system}

die() { echo "pulse-agent: $*" >&2; exit 1; }

while [ $# -gt 0 ]; do
    case $1 in
        --url) [ $# -ge 2 ] || die "--url wants an address"; url=${2%/}; shift 2 ;;
        --token) [ $# -ge 2 ] || die "--token wants a token"; token=$2; shift 2 ;;
        --allow-plaintext-http) plaintext=--allow-plaintext-http; shift ;;
        --uninstall) uninstall=yes; shift ;;
        *) die "unknown argument $1" ;;
    esac
done

has_systemd() { [ -d /run/systemd/system ] && command -v systemctl >/dev/null 2>&1; }

if [ -n "$uninstall" ]; then
    if has_systemd; then systemctl disable --now pulse-agent.service 2>/dev/null || true; fi
    rm -f "$units/pulse-agent.service" "$prefix/pulse-agent"
    rm -rf "$state"
    echo "pulse-agent is removed. Its machine stays in the inventory until somebody removes it there."
    exit 0
fi

[ -n "$url" ] || die "say where your Pulse is: --url https://..."
[ "$(uname -s)" = Linux ] || die "this agent is for Linux"
case $(uname -m) in
    x86_64 | amd64) arch=amd64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) die "there is no agent for $(uname -m)" ;;
esac
[ -w "$prefix" ] || [ "$(id -u)" = 0 ] || die "this needs root: try sudo"
[ -n "$token" ] || [ -s "$state/runtime.token" ] || die "this machine is not enrolled: --token pet_... from the console"

if command -v curl >/dev/null 2>&1; then
    fetch() { curl -fsSL --max-time 300 -D "$2" -o "$3" "$1"; }
elif command -v wget >/dev/null 2>&1; then
    fetch() { wget -q --timeout=300 --server-response -O "$3" "$1" 2> "$2"; }
else
    die "curl or wget is needed"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
echo "fetching the agent for $arch from $url"
fetch "$url/download/pulse-agent?arch=$arch" "$work/headers" "$work/pulse-agent" || die "the download failed"
wanted=$(tr -d '\r' < "$work/headers" | sed -n 's/^ *[Xx]-[Cc]hecksum-[Ss]ha256: *//p' | tail -n 1)
found=$(sha256sum "$work/pulse-agent" | cut -d' ' -f1)
[ -n "$wanted" ] || die "the server told no checksum; nothing was installed"
[ "$wanted" = "$found" ] || die "the download is damaged ($found, not $wanted); nothing was installed"

chmod 755 "$work/pulse-agent"
"$work/pulse-agent" version >/dev/null 2>&1 || die "the agent does not run here; it needs glibc 2.35 or later"
if has_systemd; then systemctl stop pulse-agent.service 2>/dev/null || true; fi
mkdir -p "$prefix"
# Beside it, then renamed: a running program is never half of two versions.
cp "$work/pulse-agent" "$prefix/.pulse-agent.new"
mv "$prefix/.pulse-agent.new" "$prefix/pulse-agent"
(umask 077; mkdir -p "$state")

if [ -n "$token" ]; then
    echo "enrolling this machine"
    # By the environment, so that the token is in no process list.
    # shellcheck disable=SC2086
    PULSE_AGENT_TOKEN=$token "$prefix/pulse-agent" enroll --url "$url" --state-dir "$state" --force $plaintext
fi

if has_systemd; then
    cat > "$units/pulse-agent.service" <<'UNIT'
[Unit]
Description=Reports this machine to Pulse
Documentation=man:systemd.exec(5)
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=/usr/local/bin/pulse-agent run --state-dir /var/lib/pulse-agent
Restart=always
RestartSec=5
# A token that was revoked, a setting that is wrong: starting again would change nothing.
RestartPreventExitStatus=78
StateDirectory=pulse-agent
StateDirectoryMode=0700
# It only reads. Root is needed for the serial numbers of the machine alone; everything else is taken away.
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
CapabilityBoundingSet=CAP_DAC_READ_SEARCH
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
MemoryMax=128M
TasksMax=64

[Install]
WantedBy=multi-user.target
UNIT
    systemctl daemon-reload
    systemctl enable --now pulse-agent.service
    echo "pulse-agent is running; systemctl status pulse-agent tells how it does"
else
    echo "there is no systemd here: start it with your own service manager as"
    echo "    $prefix/pulse-agent run --state-dir $state"
fi
