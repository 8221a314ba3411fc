# What the checks and the package build need, and how it gets onto a machine. Sourced, never run.
#
# A tool that is on PATH in the right version is used; a missing one is installed, nothing that is there is replaced:
# tools built with cargo and npm go to a cache of their own, by name and version ($DANDORI_TOOLS, else
# ~/.cache/dandori-tools), which all clones share. Linux packages come from apt, and only for root.
#
# The versions below and Cargo.lock are the only places that name one. To bump:
#   wasm-bindgen   cargo update -p wasm-bindgen --precise X.Y.Z (the command-line tool follows Cargo.lock), scripts/build-pkg
#   others         change the line below, run scripts/build-pkg, commit pkg/ with it

RUSTC_PIN=1.95.0        # of pkg/ only: the crate itself builds with any stable from rust-version on
WASM_PACK_PIN=0.15.1
BINARYEN_PIN=132.0.0    # from npm; Debian's wasm-opt cannot parse what today's wasm-bindgen writes
NODE_PIN=22.23.3        # from npm, where none or an older one than 20 is; any from 20 on is used
NEXTEST_PIN=0.9.143     # what is installed where none is; any is used

TOOLS_DIR="${DANDORI_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/dandori-tools}"

say() { printf '%s\n' "$*" >&2; }
has() { command -v "$1" >/dev/null 2>&1; }
use_dir() { case ":$PATH:" in *":$1:"*) ;; *) PATH="$1:$PATH" ;; esac; export PATH; }

# locked_version CRATE: the version in Cargo.lock. Fails when there is none or more than one.
locked_version() {
  awk -v want="name = \"$1\"" '$0 == want { getline; gsub(/version = |"/, ""); print; n++ } END { exit n != 1 }' Cargo.lock
}

# under_lock COMMAND...: two checks on one machine do not install the same thing twice at the same time.
under_lock() {
  mkdir -p "$TOOLS_DIR"
  if has flock; then ( flock 9; "$@" ) 9>"$TOOLS_DIR/.lock"; else "$@"; fi
}

# cargo_tool CRATE VERSION BINARY [CARGO INSTALL ARGUMENTS...]: puts BINARY on PATH from the cache.
cargo_tool() {
  local dir="$TOOLS_DIR/$1-$2"
  under_lock cargo_tool_install "$dir" "$@" && use_dir "$dir/bin"
}
cargo_tool_install() {
  local dir="$1" crate="$2" version="$3" binary="$4"
  shift 4
  [ -x "$dir/bin/$binary" ] && return
  say "installing $crate $version (some minutes, once per machine)"
  # The caller's flags and target directory are not the tool's; cargo puts the binaries in place only when all are built.
  # They run for seconds: built with little optimisation they are there in half the time.
  env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS -u CARGO_TARGET_DIR -u CARGO_BUILD_TARGET \
    CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    CARGO_PROFILE_RELEASE_DEBUG=0 \
    cargo install --quiet "$crate" --version "$version" --root "$dir" "$@"
}

# npm_tool PACKAGE VERSION BINARY
npm_tool() {
  local dir="$TOOLS_DIR/$1-$2"
  need_node && under_lock npm_tool_install "$dir" "$@" && use_dir "$dir/node_modules/.bin"
}
npm_tool_install() {
  local dir="$1" package="$2" version="$3" binary="$4"
  [ -x "$dir/node_modules/.bin/$binary" ] && return
  say "installing $package $version"
  mkdir -p "$dir" && npm install --prefix "$dir" --no-audit --no-fund --no-save --loglevel=error "$package@$version"
}

# apt_packages PACKAGE...: for root on a Debian; elsewhere it says what is missing.
apt_packages() {
  if [ "$(id -u)" != 0 ] || ! has apt-get; then
    say "missing: $*. Install them with your system's package manager, then run this again."
    return 1
  fi
  say "installing $*"
  under_lock apt_install "$@"
}
apt_install() {
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

need_cargo() {
  # rustup's own place, for a shell that has not read its profile since Rust was installed.
  has cargo || { [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ] && use_dir "${CARGO_HOME:-$HOME/.cargo}/bin"; }
  has cargo || { say "missing: Rust (cargo), stable 1.88 or later, through rustup"; return 1; }
  has cc || apt_packages gcc libc6-dev
}

# need_component NAME COMMAND
need_component() {
  has "$2" && "$2" --version >/dev/null 2>&1 && return
  has rustup || { say "missing: $2 (rustup component $1), and no rustup to add it with"; return 1; }
  rustup component add "$1"
}

# need_target TRIPLE
need_target() {
  [ -d "$(rustc --print sysroot)/lib/rustlib/$1/lib" ] && return
  has rustup || { say "missing: the Rust target $1, and no rustup to add it with"; return 1; }
  rustup target add "$1"
}

# Without what updates the tool by itself: that alone would build a cryptography library.
need_nextest() {
  cargo nextest --version >/dev/null 2>&1 || cargo_tool cargo-nextest "$NEXTEST_PIN" cargo-nextest --locked --no-default-features
}

# Playwright and the tests of the package need 20; what Linux distributions carry is often older and then only brings npm.
need_node() {
  has node && has npm || apt_packages nodejs npm || return 1
  node_is_new_enough && return
  local dir="$TOOLS_DIR/node-$NODE_PIN"
  under_lock npm_tool_install "$dir" node "$NODE_PIN" node && use_dir "$dir/node_modules/.bin" && node_is_new_enough ||
    { say "Node.js $(node --version) is too old: 20 or later is needed"; return 1; }
}
node_is_new_enough() { node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)'; }

# The command-line tool and the crate must be of one version: what one writes only the other reads.
need_wasm_bindgen() {
  local version
  version="$(locked_version wasm-bindgen)" || { say "Cargo.lock names no single wasm-bindgen"; return 1; }
  has wasm-bindgen-test-runner && [ "$(wasm-bindgen --version 2>/dev/null)" = "wasm-bindgen $version" ] && return
  # Not --locked: the lock file in the published tool names a release that was withdrawn.
  cargo_tool wasm-bindgen-cli "$version" wasm-bindgen
}

need_wasm_pack() {
  [ "$(wasm-pack --version 2>/dev/null)" = "wasm-pack $WASM_PACK_PIN" ] && return
  cargo_tool wasm-pack "$WASM_PACK_PIN" wasm-pack --locked
}

need_binaryen() {
  case "$(wasm-opt --version 2>/dev/null)" in "wasm-opt version ${BINARYEN_PIN%%.*} "*) return ;; esac
  npm_tool binaryen "$BINARYEN_PIN" wasm-opt
}

# Chromium, its driver, and fonts for both languages of the page.
need_chromium() {
  local missing=()
  has chromium || missing+=(chromium)
  has chromedriver || missing+=(chromium-driver)
  if has dpkg-query; then
    dpkg-query -W fonts-dejavu-core >/dev/null 2>&1 || missing+=(fonts-dejavu-core)
    { dpkg-query -W fonts-noto-cjk || dpkg-query -W fonts-ipafont-gothic; } >/dev/null 2>&1 || missing+=(fonts-ipafont-gothic)
  fi
  [ ${#missing[@]} -eq 0 ] || apt_packages "${missing[@]}"
}

# need_npm_folder FOLDER: installs exactly what the folder's lock file names, when that is newer than what is there.
need_npm_folder() {
  need_node || return 1
  [ "$1/node_modules/.installed" -nt "$1/package-lock.json" ] && return
  say "installing what $1/package-lock.json names"
  ( cd "$1" && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 PUPPETEER_SKIP_DOWNLOAD=1 npm ci --no-audit --no-fund --loglevel=error &&
    mkdir -p node_modules && touch node_modules/.installed )
}

need_nightly() {
  rustup run nightly rustc --version >/dev/null 2>&1 ||
    { say "the deep checks need the nightly toolchain: rustup toolchain install nightly"; return 1; }
  rustup component add miri rust-src --toolchain nightly
}
