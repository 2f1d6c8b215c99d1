#!/bin/sh
# Installs Street Patrol on Debian 12 or newer: a user, a virtual environment, a systemd unit, log rotation.
#
#   deploy/install.sh [options]           install, or upgrade what is there; the site is never touched
#   deploy/install.sh --remove            take all of it away but the site, its data and the secrets
#
#   --root DIR      put everything below DIR and start nothing (for images and for trying it out without root)
#   --site DIR      the site folder (default /var/lib/street-patrol/site)
#   --host, --port  where pages and API are served (default 127.0.0.1, 8000)
#   --wheels DIR    take packages from DIR instead of the network
#   --dry-run       say what would be done and do nothing
set -eu

SOURCE=$(cd "$(dirname "$0")/.." && pwd)
ROOT="" SITE=/var/lib/street-patrol/site HOST=127.0.0.1 PORT=8000 WHEELS="" DRY=0 REMOVE=0
PREFIX=/opt/street-patrol ETC=/etc/street-patrol LOG=/var/log/street-patrol ACCOUNT=street-patrol
UNIT=/etc/systemd/system/street-patrol.service ROTATE=/etc/logrotate.d/street-patrol
PYTHON=${PYTHON:-python3}

fail() { echo "install.sh: $*" >&2; exit 2; }
value() { [ $# -ge 2 ] || fail "$1 needs a value"; }
while [ $# -gt 0 ]; do
    case $1 in
        --root) value "$@"; ROOT=${2%/}; shift ;;
        --site) value "$@"; SITE=$2; shift ;;
        --host) value "$@"; HOST=$2; shift ;;
        --port) value "$@"; PORT=$2; shift ;;
        --wheels) value "$@"; WHEELS=$2; shift ;;
        --dry-run) DRY=1 ;;
        --remove) REMOVE=1 ;;
        -h | --help) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) fail "unknown option $1; see --help" ;;
    esac
    shift
done
case $SITE in /*) ;; *) fail "--site must be an absolute path, got $SITE" ;; esac
case $PORT in '' | *[!0-9]*) fail "--port must be a number, got $PORT" ;; esac

do_it() {
    if [ "$DRY" = 1 ]; then echo "would: $*"; else "$@"; fi
}
fill() { # template, target, mode
    if [ "$DRY" = 1 ]; then echo "would: write $2"; return; fi
    mkdir -p "$(dirname "$2")"
    sed -e "s|@PREFIX@|$PREFIX|g" -e "s|@SITE@|$SITE|g" -e "s|@ETC@|$ETC|g" -e "s|@LOG@|$LOG|g" \
        -e "s|@USER@|$ACCOUNT|g" -e "s|@HOST@|$HOST|g" -e "s|@PORT@|$PORT|g" "$1" > "$2.new"
    chmod "$3" "$2.new"
    mv "$2.new" "$2"
}
live() { [ -z "$ROOT" ]; } # nothing outside of --root is touched
if live && [ "$DRY" = 0 ] && [ "$(id -u)" != 0 ]; then fail "run it as root, or with --root DIR or --dry-run"; fi

if [ "$REMOVE" = 1 ]; then
    if live && [ -e "$UNIT" ]; then do_it systemctl disable --now street-patrol.service; fi
    do_it rm -f "$ROOT$UNIT" "$ROOT$ROTATE"
    do_it rm -rf "$ROOT$PREFIX"
    if live; then do_it systemctl daemon-reload; fi
    echo "removed; kept: $ROOT$SITE, $ROOT$ETC, $ROOT$LOG and the user $ACCOUNT"
    exit 0
fi

"$PYTHON" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' ||
    fail "needs Python 3.11 or newer with venv: apt install python3-venv"

if live && ! id "$ACCOUNT" > /dev/null 2>&1; then
    do_it useradd --system --home-dir /var/lib/street-patrol --shell /usr/sbin/nologin "$ACCOUNT"
fi
do_it mkdir -p "$ROOT$PREFIX" "$ROOT$ETC" "$ROOT$LOG" "$ROOT$SITE/cameras"

# A new environment beside the old one: an upgrade that fails on the way leaves the running one alone.
NEW=$ROOT$PREFIX/venv.new
do_it rm -rf "$NEW"
do_it "$PYTHON" -m venv --copies "$NEW"
PIP="$NEW/bin/python -m pip install --quiet --disable-pip-version-check"
[ -z "$WHEELS" ] || PIP="$PIP --no-index --find-links $WHEELS"
# The lock of what runs, and from the other one, with its hashes too, what builds our own package.
BUILDS="hatchling packaging pathspec pluggy trove-classifiers editables"
build_lock() {
    awk -v names="$BUILDS" 'BEGIN { n = split(names, a, " "); for (i = 1; i <= n; i++) want[a[i]] = 1 }
        /^[^ ]/ { split($1, p, "=="); on = p[1] in want } on' "$SOURCE/requirements/dev.lock"
}
LOCK=$(mktemp)
trap 'rm -f "$LOCK"' EXIT
build_lock > "$LOCK"
# shellcheck disable=SC2086 # words are meant
do_it $PIP --require-hashes -r "$SOURCE/requirements/runtime.lock"
# shellcheck disable=SC2086
do_it $PIP --require-hashes -r "$LOCK"
# shellcheck disable=SC2086
do_it $PIP --no-deps --no-build-isolation "$SOURCE"
do_it cp "$SOURCE/README.md" "$SOURCE/LICENSE" "$SOURCE/NOTICE" "$ROOT$PREFIX/"
if live && [ -e "$UNIT" ]; then do_it systemctl stop street-patrol.service; fi
do_it rm -rf "$ROOT$PREFIX/venv.old"
if [ -d "$ROOT$PREFIX/venv" ]; then do_it mv "$ROOT$PREFIX/venv" "$ROOT$PREFIX/venv.old"; fi
do_it mv "$NEW" "$ROOT$PREFIX/venv"
# Scripts name the folder they were made in.
if [ "$DRY" = 0 ]; then
    find "$ROOT$PREFIX/venv/bin" -type f -exec grep -Il "$NEW" {} + | while read -r script; do
        sed -i "s|$NEW|$ROOT$PREFIX/venv|g" "$script"
    done
fi

fill "$SOURCE/deploy/street-patrol.service" "$ROOT$UNIT" 644
fill "$SOURCE/deploy/logrotate.conf" "$ROOT$ROTATE" 644
if [ "$DRY" = 0 ] && [ ! -e "$ROOT$ETC/secrets.env" ]; then
    (umask 077 && echo "# PATROL_CAMERA_CAM_1_PASSWORD=..." > "$ROOT$ETC/secrets.env")
fi

if live; then
    do_it chown -R "$ACCOUNT:$ACCOUNT" "$SITE" "$LOG"
    do_it systemctl daemon-reload
    if [ -e "$SITE/site.toml" ]; then
        do_it systemctl enable --now street-patrol.service
    else
        echo "no site yet: write $SITE/site.toml and cameras/ID.toml, then: systemctl enable --now street-patrol"
    fi
fi
echo "installed below ${ROOT:-/}; check with: $PREFIX/venv/bin/patrol doctor $SITE"
