#!/bin/sh
# Installs what building the window and running the tests need, on Debian and Ubuntu.
#
# To build the server and `tertulia-cli`, none of this is needed: Rust and a C compiler are enough for them.
# A second run finds everything in place, changes nothing and needs no rights. It installs Debian packages (as
# root, or through sudo) and, where the system's cmake is older than FLTK wants, a cmake of our own in `.tools/`
# inside this checkout, which nothing outside the checkout ever sees.
set -eu

checkout=$(cd "$(dirname "$0")/.." && pwd)
venv="$checkout/.tools/cmake"
# FLTK's build asks for 3.28; the one that we fetch is pinned, so that everybody builds with the same.
pinned_cmake=3.31.10

# FLTK on X11, drawn by Cairo and Pango (which is what gives it colour emoji), without Wayland and without OpenGL.
# The system's cmake is in the list although it may be too old: FLTK's build script wants to see one on the PATH,
# and then runs the one that CMAKE names.
build="g++ make cmake pkg-config python3 python3-venv ca-certificates
  libx11-dev libxext-dev libxft-dev libxinerama-dev libxcursor-dev libxrender-dev libxfixes-dev
  libfontconfig-dev libpango1.0-dev libcairo2-dev"
# The tests type into real windows on displays of their own, and look at what was painted. Those of the server talk to
# it with a client in Python as well, and watch it by strace.
tests="xvfb x11-xkb-utils xauth xdotool xclip x11-utils x11-xserver-utils imagemagick fonts-inter fonts-dejavu-core fonts-noto-color-emoji
  python3-cbor2 python3-cryptography strace"

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
  cat >&2 <<'END'
setup: this script knows Debian and Ubuntu only. On another system, install these with its own package manager:
  to build   a C++17 compiler, make, pkg-config, cmake 3.28 or newer on the PATH, and the development files of
             libX11, libXext, libXft, libXinerama, libXcursor, libXrender, libXfixes, fontconfig, Pango and Cairo
  to test    Xvfb, setxkbmap, xauth, xdotool, xclip, xprop, xmodmap, ImageMagick, the fonts Inter and DejaVu,
             Noto Color Emoji, Python 3.10 or newer with its packages cbor2 and cryptography
Where the PATH has an older cmake only, name the new one in the variable CMAKE.
END
  exit 1
fi

# Both names are asked for, because a virtual package has no entry of its own.
missing=
# shellcheck disable=SC2086 # the lists are meant to be split
present=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n${db:Status-Abbrev} ${Provides}\n' 2>/dev/null \
  | sed -n 's/^ii *//p' | tr ',' '\n' | sed 's/^ *//; s/[ (:].*//')
for package in $build $tests; do
  printf '%s\n' "$present" | grep -qxF -- "$package" || missing="$missing $package"
done

if [ -n "$missing" ]; then
  as_root=
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || fail "run this as root, or install sudo; missing:$missing"
    as_root=sudo
  fi
  say "installing Debian packages:$missing"
  install() {
    # shellcheck disable=SC2086 # both are lists
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
  }
  # The lists may be absent or older than the mirror: ask for new ones only when the first try says so.
  install || { say "renewing the package lists"; $as_root apt-get update -q && install; } \
    || fail "apt-get could not install them; see above"
fi

# The same question that cargo will ask.
if "$checkout/client/cmake.sh" --version >/dev/null 2>&1; then
  [ -n "$missing" ] && say "done" || say "everything is in place"
  exit 0
fi

say "the system has no cmake 3.28 or newer: putting cmake $pinned_cmake from PyPI into ${venv#"$checkout"/}/"
rm -rf "$venv"
mkdir -p "$checkout/.tools"
/usr/bin/python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-cache-dir "cmake==$pinned_cmake"
"$checkout/client/cmake.sh" --version >/dev/null || fail "the new cmake does not run"
say "done"
