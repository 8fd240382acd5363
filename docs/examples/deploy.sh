#!/usr/bin/env bash
# Deploys a manifest, tells its timeline, and exits by its verdict. It needs bash, curl (7.71 or later) and jq.
#
#   SLIPWAY_URL=https://…/api SLIPWAY_TOKEN=… deploy.sh slipway.yaml ['on_busy=supersede']
#
# 0: succeeded. 1: failed, or rolled_back. 2: anything else: refused, timed_out, cancelled, superseded, or nobody answered.
# It may be run again: one run of CI has one Idempotency-Key, so that it deploys once. SLIPWAY_KEY says another.
set -uo pipefail

say() { printf '%s\n' "$*" >&2; }
stop() { say "$*"; exit 2; }

manifest=${1:-} query=${2:-}
[ -r "$manifest" ] || stop "deploy.sh <manifest> [query]: there is no file '$manifest'."
[ -n "${SLIPWAY_URL:-}" ] && [ -n "${SLIPWAY_TOKEN:-}" ] || stop "SLIPWAY_URL and SLIPWAY_TOKEN say where, and who."
case $manifest in *.json) type=application/json ;; *) type=application/yaml ;; esac

# The attempt is part of the key: to run a job again is to ask for another deployment, to send a request again is not.
run=${GITHUB_RUN_ID:+github-$GITHUB_RUN_ID-$GITHUB_RUN_ATTEMPT-$GITHUB_JOB}
run=${run:-${CI_JOB_ID:+gitlab-$CI_JOB_ID}}
key=${SLIPWAY_KEY:-${run:-local-$$-$RANDOM-$RANDOM-$RANDOM}-$manifest}

work=$(mktemp -d) || stop "There is no room for temporary files."
trap 'rm -rf "$work"' EXIT
# Not an argument: those are for everybody on the machine to see.
printf 'Authorization: Bearer %s\n' "$SLIPWAY_TOKEN" >"$work/token"

# ask <method> <path> [curl's options]: prints the status; the rest is in $work. curl obeys Retry-After on 429 and 503.
ask() {
  curl --silent --show-error --retry 6 --retry-all-errors --max-time 60 --request "$1" --header @"$work/token" \
    --dump-header "$work/headers" --output "$work/body" --write-out '%{http_code}' "${@:3}" "${SLIPWAY_URL%/}$2" ||
    stop "Nobody answers at $SLIPWAY_URL."
}

# header <name>: prints its value, that of the last answer.
header() {
  jq -rRn --arg name "$1" '[inputs | capture("^(?<name>[^:]+): *(?<value>[^\r]*)") | select(.name | ascii_downcase == $name)]
    | last | .value // ""' "$work/headers"
}

# refused <status>: tells a problem, and ends.
refused() {
  say "Refused with $1: $(jq -r '"\(.title). \(.detail // "")", (.errors[]? | "  \(.pointer): \(.detail)")' "$work/body")"
  exit 2
}

# tell_events <id>: prints the timeline from where it is, and moves there.
after=
tell_events() {
  status=$(ask GET "/deployments/$1/events${after:+?after=$after}") || exit 2
  [ "$status" = 200 ] || refused "$status"
  jq -r '.events[] | "\(.at)  \(.service // "deployment")  \(.phase)  \(.message)"' "$work/body"
  after=$(jq -r '.next // ""' "$work/body")
  [ "$(jq '.events | length' "$work/body")" -lt 100 ] || tell_events "$1"
}

status=$(ask POST "/deployments${query:+?$query}" --header "Content-Type: $type" --header "Idempotency-Key: $key" \
  --data-binary @"$manifest") || exit 2
case $status in 200 | 202) ;; *) refused "$status" ;; esac
id=$(jq -r .id "$work/body")
say "$id: $SLIPWAY_URL/deployments/$id"

etag=
while :; do
  status=$(ask GET "/deployments/$id" ${etag:+--header "If-None-Match: $etag"}) || exit 2
  case $status in
    200) etag=$(header etag) && cp "$work/body" "$work/deployment" ;;
    304) ;;
    *) refused "$status" ;;
  esac
  pause=$(header retry-after)
  tell_events "$id"
  [ -n "$pause" ] || break # there is none once the deployment has ended
  sleep "$pause"
done

jq -r '.verdict, (.failure // empty | "cause: \(.cause)", "fix: \(.fix)")' "$work/deployment"
case $(jq -r .status "$work/deployment") in
  succeeded) exit 0 ;;
  failed | rolled_back) exit 1 ;;
  *) exit 2 ;;
esac
