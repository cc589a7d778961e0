# Sourced by the set-up scripts: this system's package manager, and whether this user may install with it.
# shellcheck shell=sh

package_manager() { # Prints apt-get, dnf, apk or brew; nothing if there is none.
  for manager in apt-get dnf apk brew; do
    if command -v "$manager" >/dev/null; then
      echo "$manager"
      return
    fi
  done
}

may_install() { # Root may. Others get instructions; sudo is used unasked on CI machines only.
  case "$(package_manager)" in
    '' | brew) return 1 ;;
  esac
  [ "$(id -u)" = 0 ] || { [ "${CI:-}" = true ] && sudo -n true 2>/dev/null; }
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

refresh_packages() { # Before the first install: update the package lists.
  [ "$(package_manager)" != apt-get ] || as_root apt-get update -qq >/dev/null 2>&1
}

install_packages() { # NAMES…. Quiet unless it fails.
  echo "installing $*" >&2
  said=$(_install "$@" 2>&1) || {
    echo "$said" >&2
    return 1
  }
}

_install() {
  case "$(package_manager)" in
    apt-get) as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" ;;
    dnf) as_root dnf install -y -q "$@" ;;
    apk) as_root apk add --quiet "$@" ;;
    *) return 1 ;;
  esac
}

unpack_package() { # NAME DIRECTORY: Debian's package, downloaded and unpacked there. Needs no root rights.
  echo "downloading $1" >&2
  mkdir -p "$2/.apt/state/lists/partial" "$2/.apt/cache/archives/partial"
  (
    cd "$2" || exit
    options="-qq -o Dir::State=$2/.apt/state -o Dir::State::status=/var/lib/dpkg/status -o Dir::Cache=$2/.apt/cache"
    options="$options -o APT::Sandbox::User=root"
    # shellcheck disable=SC2086 # several words
    apt-get $options update && apt-get $options download "$1" && dpkg-deb -x "$1"_*.deb .
  ) >/dev/null
}

install_command() { # Prints the command to install these packages.
  sudo=
  [ "$(id -u)" = 0 ] || sudo='sudo '
  case "$(package_manager)" in
    apt-get) echo "${sudo}apt-get install $*" ;;
    dnf) echo "${sudo}dnf install $*" ;;
    apk) echo "${sudo}apk add $*" ;;
    brew) echo "brew install $*" ;;
  esac
}
