#!/bin/sh
# Sets up a machine: `venv PYTHON DIR LOCK` makes the virtual environment, `servers` the programs that the
# tests start, `bench` what the benches need more, `lock PYTHON` writes the lock files anew. With root, Debian
# packages are installed by apt-get; without, one line says what to install.
set -eu

need() { # need WHY PACKAGE...: install Debian packages, or say which are missing
    why=$1
    shift
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        export DEBIAN_FRONTEND=noninteractive
        apt_update_once
        # A server that a package starts by itself is not wanted: tests start their own on free ports.
        printf '#!/bin/sh\nexit 101\n' >/tmp/tagboat-policy-rc.d
        keep=
        if [ ! -e /usr/sbin/policy-rc.d ]; then
            install -m 755 /tmp/tagboat-policy-rc.d /usr/sbin/policy-rc.d
            keep=no
        fi
        apt-get install -y -qq --no-install-recommends "$@" >/tmp/tagboat-apt.log 2>&1 || {
            tail -n 5 /tmp/tagboat-apt.log >&2
            echo "$why could not be installed: apt-get install $* failed" >&2
            exit 1
        }
        [ -z "$keep" ] || rm -f /usr/sbin/policy-rc.d
    else
        echo "$why is missing: install it with 'apt-get install $*' (as root), then run this again" >&2
        exit 1
    fi
}

apt_update_once() {
    [ -n "${apt_updated:-}" ] || apt-get update -qq >/tmp/tagboat-apt.log 2>&1 || true
    apt_updated=yes
}

make_venv() { # make_venv PYTHON DIR LOCK
    if ! "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        echo "Python 3.11 or newer is needed; '$1' is not (set PYTHON=... to another one)" >&2
        exit 1
    fi
    if [ ! -x "$2/bin/python" ]; then
        "$1" -c 'import ensurepip' 2>/dev/null || need "Python's venv module" python3-venv
        "$1" -m venv "$2"
    fi
    echo "Installing the locked dependencies of $3 ..."
    "$2/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$3"
    "$2/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
}

install_servers() {
    missing=
    for pair in openssl:openssl redis-server:redis-server docker-registry:docker-registry skopeo:skopeo chromium:chromium; do
        command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair##*:}"
    done
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
    # shellcheck disable=SC2086 # a list of package names
    [ -z "$missing" ] || need "What the tests start" $missing
}

install_bench() {
    command -v wrk >/dev/null || need "The load generator wrk" wrk
}

write_locks() { # write_locks PYTHON
    tools=$(mktemp -d)
    "$1" -m venv "$tools"
    "$tools/bin/python" -m pip install --quiet pip-tools
    set -- --quiet --strip-extras --generate-hashes --allow-unsafe --all-build-deps --no-header \
        --no-emit-index-url --no-emit-find-links --no-emit-trusted-host
    "$tools/bin/pip-compile" "$@" --output-file requirements.lock pyproject.toml
    "$tools/bin/pip-compile" "$@" --extra aws --extra azure --extra google --extra sigstore \
        --constraint requirements.lock --output-file requirements-image.lock pyproject.toml
    "$tools/bin/pip-compile" "$@" --extra test --constraint requirements-image.lock --output-file requirements-test.lock pyproject.toml
    rm -rf "$tools"
}

case ${1:-} in
venv) make_venv "$2" "$3" "$4" ;;
servers) install_servers ;;
bench) install_bench ;;
lock) write_locks "$2" ;;
*)
    echo "usage: setup.sh venv PYTHON DIR LOCK | servers | bench | lock PYTHON" >&2
    exit 2
    ;;
esac
