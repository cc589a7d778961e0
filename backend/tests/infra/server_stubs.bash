# Sourced before a script of the servers (BASH_ENV): the programs that it calls, as functions that keep their state below
# $TEST_ROOT. KILL_AT=n ends the script like SIGKILL before its command number n that changes something.
set -T
commands=0
changing=" cat mv mkdir mount git docker systemctl sysctl rm touch sed chown chmod find "

before_each() {
  local name=${BASH_COMMAND%% *}
  [[ $changing == *" $name "* ]] || return 0
  commands=$((commands + 1))
  if [ "$commands" -eq "${KILL_AT:-0}" ]; then kill -KILL $$; fi
}
trap before_each DEBUG

note() { echo "$*" >>"$TEST_ROOT/calls"; }
wrong() {
  echo "WRONG: $*" >>"$TEST_ROOT/calls"
  exit 99
}
state=$TEST_ROOT/state

# What a reboot or a rebuild resets is in state/running; the disk stays.
mountpoint() { [ -L "$2" ] || [ -e "$state/mounted" ]; }
mount() {
  grep -qF " $1 " "$TEST_ROOT/etc/fstab" || wrong "$1 is not in fstab"
  [ -z "$(ls -A "$1")" ] || wrong "there are files below the mount point $1: $(ls -A "$1")"
  note "mount $1"
  case $1 in
    */var/lib/job-processor | */var/lib/mongodb-node) rmdir "$1" && ln -s "$TEST_ROOT/disk" "$1" ;;
    *) touch "$state/mounted" ;;
  esac
}
systemctl() {
  note "systemctl $*"
  case "$*" in
    "stop docker"*) rm -f "$state/docker" ;;
    "restart docker"*)
      [ ! -e "$TEST_ROOT/etc/systemd/system/docker.service.d/volume.conf" ] ||
        [ -L "$TEST_ROOT/var/lib/mongodb-node" ] || mountpoint -q "$TEST_ROOT/var/lib/docker/volumes" || wrong "Docker starts without the disk"
      # Docker creates what containers mount and what is not there, as folders.
      mkdir -p "$TEST_ROOT/opt/job-processor/infrastructure/containers"
      touch "$state/docker"
      ;;
  esac
}
# MongoDB's user is not here.
chown() { note "chown $*"; }
sysctl() { note "sysctl $*"; }
sleep() { wrong "slept: the device is there"; }
sed() { command sed "$@"; }

# An image is the text of the release that it was made of.
tag() {
  local tag
  tag=$(command sed -n "s/^IMAGE_TAG='\(.*\)'/\1/p" .env)
  echo "${tag:-latest}"
}
image() { command mkdir -p "$state/images" && command cp docker-compose.yml "$state/images/$(tag)"; }

docker() {
  local file=$TEST_ROOT/opt/job-processor/docker-compose.yml
  note "docker $*"
  case "$*" in
    "image prune"* | "builder prune"*) return ;;
    "compose --file"*)
      [ -e "$state/docker" ] || wrong "Docker does not run"
      [ -d "$TEST_ROOT/var/lib/mongodb-node/data" ] || wrong "no folder for the database"
      touch "$state/up"
      return
      ;;
  esac
  [ -e "$state/docker" ] || wrong "Docker does not run"
  [ "$PWD" = "$TEST_ROOT/opt/job-processor" ] && [ -s "$file" ] && [ -s .env ] || wrong "docker compose without its files"
  [ "$1 $2" = "compose exec" ] || [ "$1 $2" = "compose pull" ] || [ "$1 $2" = "compose build" ] ||
    cmp -s "$file" "$state/images/$(tag)" || wrong "the image ${*: -1} would use is of another release"
  case "$*" in
    "compose pull"*) [ -z "${NO_IMAGES:-}" ] && image ;;
    "compose build"*) image ;;
    "compose run"*check)
      [ -s "$TEST_ROOT/var/lib/job-processor/flows/flows.toml" ] || wrong "no flows"
      [ "$(cat "$file")" != "${REFUSING:-none}" ]
      ;;
    "compose up"*) cp .env "$state/up" && cp "$file" "$state/release" ;;
  esac
}
# The releases are the texts of their compose file.
git() {
  note "git $*"
  local dir=$PWD
  if [ "$1" = -C ]; then
    dir=$2
    shift 2
  fi
  if [ "$1" = -c ]; then shift 2; fi
  case "$1" in
    clone)
      [ ! -e "$4" ] || wrong "destination path '$4' already exists and is not an empty directory"
      mkdir -p "$4"
      mkdir "$4/.git"
      touch "$4/.git/objects"
      ;;
    fetch) [ -e "$dir/.git/objects" ] || wrong "half a clone" ;;
    rev-parse)
      if [ "$2" = HEAD ]; then
        local release
        release=$(<"$dir/docker-compose.yml")
        echo "${release#release }"
        return
      fi
      case "$4" in
        refs/tags/v*"^{commit}") echo "${4:10:6}" ;;
        # What the branch leads to is in a file, and follows the next fetch.
        refs/remotes/origin/main"^{commit}") cat "$state/main" 2>/dev/null || echo c0ffee ;;
        c0ffee"^{commit}") echo c0ffee ;;
        *) return 1 ;;
      esac
      ;;
    checkout)
      [ -e "$dir/.git/objects" ] || wrong "half a clone"
      mkdir -p "$dir/infrastructure/containers"
      echo "release ${*: -1}" >"$dir/docker-compose.yml"
      ;;
  esac
}
