#!/bin/sh
# Installs pulse-agent on this Linux machine and enrols it, or removes it again.
#
#   sh install.sh --url https://pulse.example.com --token pet_…      install, or bring up to date
#   sh install.sh --uninstall [--purge]                              remove; --purge also forgets token and queue
#
#   --sha256 HEX             the program must have this checksum (else the one that the server names)
#   --ca-file FILE           a further certificate authority, PEM
#   --fingerprint HEX        the SHA-256 of the server's own certificate
#   --allow-plaintext-http   http to a server that is not local
#   --force                  enrol anew, forgetting the present enrolment and its queue
#
# The program goes to /usr/local/bin, its state to /var/lib/pulse-agent (0700). With systemd a hardened unit is made;
# without it the script says how to start the agent. Needs root, and curl or wget. Doing it again is harmless.
set -eu
umask 077

program=/usr/local/bin/pulse-agent
state=/var/lib/pulse-agent
unit=/etc/systemd/system/pulse-agent.service
url='' token='' wanted='' ca_file='' fingerprint='' plaintext='' force='' uninstall='' purge=''

say() { printf '%s\n' "pulse-agent: $*"; }
die() { printf '%s\n' "pulse-agent: $*" >&2; exit 1; }

while [ $# -gt 0 ]; do
    case $1 in
        --url|--token|--sha256|--ca-file|--fingerprint)
            [ $# -ge 2 ] || die "$1 needs a value"
            case $1 in
                --url) url=$2 ;;
                --token) token=$2 ;;
                --sha256) wanted=$2 ;;
                --ca-file) ca_file=$2 ;;
                --fingerprint) fingerprint=$2 ;;
            esac
            shift 2 ;;
        --allow-plaintext-http) plaintext=yes; shift ;;
        --force) force=yes; shift ;;
        --uninstall) uninstall=yes; shift ;;
        --purge) purge=yes; shift ;;
        -h|--help) sed -n '2,/^set -eu/{/^#!/d;/^#/s/^# \{0,1\}//p;}' "$0"; exit 0 ;;
        *) die "$1 is not understood (--help tells what is)" ;;
    esac
done

[ "$(id -u)" = 0 ] || die "this needs root: run it with sudo"
[ "$(uname -s)" = Linux ] || die "this agent runs on Linux only"
has_systemd() { [ -d /run/systemd/system ] && command -v systemctl >/dev/null 2>&1; }

if [ -n "$uninstall" ]; then
    if has_systemd; then
        systemctl disable --now pulse-agent.service >/dev/null 2>&1 || :
        rm -f "$unit"
        systemctl daemon-reload
    fi
    rm -f "$program"
    [ -z "$purge" ] || rm -rf "$state"
    say "removed$([ -n "$purge" ] || printf ', state is still in %s' "$state")"
    exit 0
fi

[ -n "$url" ] || die "which server? --url https://…"
url=${url%/}
case $url in
    https://*) ;;
    http://127.*|http://localhost|http://localhost[:/]*|http://\[::1\]*|http://10.*|http://192.168.*|http://172.*) ;;
    http://*) [ -n "$plaintext" ] || die "$url is not https (--allow-plaintext-http insists)" ;;
    *) die "$url is not an address: https://… is wanted" ;;
esac
[ -z "$ca_file" ] || [ -r "$ca_file" ] || die "$ca_file cannot be read"

case $(uname -m) in
    x86_64|amd64) arch=amd64 ;;
    aarch64|arm64) arch=arm64 ;;
    *) die "there is no agent for $(uname -m)" ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# fetch ADDRESS FILE HEADERS: the answer's headers go to a file of their own.
fetch() {
    if command -v curl >/dev/null 2>&1; then
        curl -fsS --connect-timeout 15 --max-time 300 ${ca_file:+--cacert "$ca_file"} -D "$3" -o "$2" "$1"
    elif command -v wget >/dev/null 2>&1; then
        wget -q -S --timeout=60 ${ca_file:+--ca-certificate="$ca_file"} -O "$2" "$1" 2> "$3"
    else
        die "neither curl nor wget is installed"
    fi
}

say "downloading the agent for $arch from $url"
fetch "$url/download/pulse-agent?arch=$arch" "$work/pulse-agent" "$work/headers" || die "the download failed"
named=$(tr -d '\r' < "$work/headers" | sed -n 's/^ *[Xx]-[Cc]hecksum-[Ss][Hh][Aa]256: *//p' | tail -n 1)
[ -n "$wanted" ] || wanted=$named
[ -n "$wanted" ] || die "the server names no checksum (X-Checksum-Sha256) and none was given: nothing is installed"
seen=$(sha256sum "$work/pulse-agent" | cut -d ' ' -f 1)
[ "$seen" = "$(printf '%s' "$wanted" | tr 'A-F' 'a-f')" ] || die "the checksum is $seen, not $wanted: nothing is installed"
chmod 755 "$work/pulse-agent"
"$work/pulse-agent" version >/dev/null 2>"$work/refusal" \
    || die "the program does not run here (it needs glibc 2.35 or later): $(head -n 1 "$work/refusal")"

# Beside the old one first, then renamed: a running agent keeps its file until it is started anew.
mkdir -p "$(dirname "$program")" "$state"
chmod 700 "$state"
install -m 755 "$work/pulse-agent" "$program.new"
mv -f "$program.new" "$program"

if [ -n "$force" ] && has_systemd; then systemctl stop pulse-agent.service >/dev/null 2>&1 || :; fi
if [ -s "$state/runtime.token" ] && [ -z "$force" ]; then
    say "this machine is enrolled already (--force enrols anew)"
else
    [ -n "$token" ] || die "which enrolment token? --token pet_…"
    # The token goes by the environment: arguments can be read by everyone on the machine.
    PULSE_AGENT_TOKEN=$token "$program" enroll --url "$url" --state-dir "$state" \
        ${ca_file:+--ca-file "$ca_file"} ${fingerprint:+--fingerprint "$fingerprint"} \
        ${plaintext:+--allow-plaintext-http} ${force:+--force} || die "enrolment failed; the program is in $program"
fi

if ! has_systemd; then
    say "there is no systemd here: start the agent at boot with your own means, as root:"
    say "    $program run"
    exit 0
fi

cat > "$unit.new" <<'UNIT'
[Unit]
Description=Pulse agent: reports this machine to Pulse
Wants=network-online.target
After=network-online.target
# A server that is away is the agent's own business; only a crash loop is ours.
StartLimitIntervalSec=300
StartLimitBurst=10

[Service]
Type=exec
ExecStart=/usr/local/bin/pulse-agent run
# One PULSE_AGENT_… setting a line; the file need not exist.
EnvironmentFile=-/etc/default/pulse-agent
Restart=on-failure
RestartSec=5
# 78: not enrolled, wrong settings, or removed by the server. Starting again would not help.
RestartPreventExitStatus=78
TimeoutStopSec=10

# Root, because only root reads the firmware's UUID and measures every mount; but a root that can change nothing.
StateDirectory=pulse-agent
StateDirectoryMode=0700
CapabilityBoundingSet=CAP_DAC_READ_SEARCH
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
UMask=0077
MemoryMax=128M
TasksMax=64
Environment=MALLOC_ARENA_MAX=1

[Install]
WantedBy=multi-user.target
UNIT
chmod 644 "$unit.new"
mv -f "$unit.new" "$unit"
systemctl daemon-reload
systemctl enable pulse-agent.service >/dev/null 2>&1
systemctl restart pulse-agent.service
say "running; systemctl status pulse-agent tells how it is"
