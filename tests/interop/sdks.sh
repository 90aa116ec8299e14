# Installs the official SDKs under $sdks; sourced by tests/interop/run and tests/proxy/run.

interop=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
sdks=${CARGO_TARGET_DIR:-$(cd "$interop/../.." && pwd)/target}/interop
node_major_min=20

has_python() {
    python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# install_python NAME REQUIREMENTS: as $sdks/NAME/bin/python.
install_python() {
    local environment=$sdks/$1 requirements=$2
    if ! cmp -s "$requirements" "$environment/requirements.txt"; then
        rm -rf "$environment"
        python3 -m venv "$environment"
        "$environment/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
        cp "$requirements" "$environment/requirements.txt"
    fi
}

has_node() {
    local major
    major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
    ((major >= node_major_min)) && command -v npm >/dev/null
}

# install_typescript: for programs that lie in $sdks/typescript.
install_typescript() {
    local environment=$sdks/typescript
    mkdir -p "$environment"
    if ! cmp -s "$interop/typescript/package-lock.json" "$environment/installed.json"; then
        cp "$interop/typescript/package.json" "$interop/typescript/package-lock.json" "$interop/typescript/.npmrc" \
            "$environment/"
        (cd "$environment" && npm ci --silent)
        cp "$environment/package-lock.json" "$environment/installed.json"
    fi
}
