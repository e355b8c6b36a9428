#!/bin/sh
# The cmake that builds FLTK, which wants 3.28 or newer: the private one that `client/setup.sh` put into `.tools/`,
# else the system's if it is new enough. `.cargo/config.toml` names this script as CMAKE; a CMAKE that is already
# set wins over it.
#
# Without any cmake on the PATH, FLTK's build script stops before it asks this one; setup.sh sees to that too.
set -eu

checkout=$(cd "$(dirname "$0")/.." && pwd)

# The program inside the package, not the wrapper beside it: that one breaks when the checkout is moved.
for private in "$checkout"/.tools/cmake/lib/python3*/site-packages/cmake/data/bin/cmake; do
  [ -x "$private" ] && exec "$private" "$@"
done

if system=$(command -v cmake); then
  version=$("$system" --version | sed -n '1s/[^0-9]*\([0-9][0-9]*\)\.\([0-9][0-9]*\).*/\1 \2/p')
  major=${version% *} minor=${version#* }
  if [ "${major:-0}" -gt 3 ] || { [ "${major:-0}" -eq 3 ] && [ "${minor:-0}" -ge 28 ]; }; then
    exec "$system" "$@"
  fi
fi

echo "The window needs cmake 3.28 or newer to build FLTK: run client/setup.sh, or set CMAKE to one." >&2
exit 1
