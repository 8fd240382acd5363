#!/usr/bin/env bash
# Deploys a manifest, tells its timeline, and exits by its verdict. It needs bash, curl (7.71 or later) and jq.
#
#   SLIPWAY_URL=https://…/api SLIPWAY_TOKEN=… deploy.sh slipway.yaml ['on_busy=supersede']
#   SLIPWAY_URL=https://…/api SLIPWAY_TOKEN=… deploy.sh slipway.yaml dry_run=true    shows the plan, and changes nothing
#
# 0: succeeded. 1: failed, or rolled_back; a plan that would be refused.
# 2: anything else: refused, timed_out, cancelled, superseded, or nobody answered.
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

# For jq: what others wrote, as lines that nobody obeys. A container's log may say what CI takes for a command: GitHub
# "::" where a line begins and "##[" wherever it is (actions/runner, ActionCommand.cs, which passes over what has no
# width), GitLab what ends with a carriage return and an escape. So no line begins with a word of theirs, no two # stand
# together, and what cannot be seen is shown as �.
told='
  def told: gsub("\r\n?"; "\n") | gsub("\t"; "    ") | gsub("#(?=[^ -~]*#)"; "# ")
    | split("\n") | map(gsub("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]"; "\ufffd")) | join("\n  | ");'

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
  local problem
  problem=$(jq -r "$told"'
    select(.title)
    | "\(.title). \(.detail // "")", (.errors[]? | "  \(.pointer): \(.detail)"), (.hint | values | "hint: \(.)")
    | told' "$work/body" 2>/dev/null)
  stop "Refused with $1: ${problem:-what answers is not Slipway.}"
}

# show_plan: tells what a deployment would do, and ends.
show_plan() {
  jq -r "$told"'
    (.services | to_entries[] | "service \(.key): \(.value.action)",
      (.value.changes[] | "  changes \(.field): \(.old | tojson) → \(.new | tojson)"),
      (.value.creates[] | "  creates \(.)")),
    (.creates[] | "creates \(.)"),
    (.findings[] | "finding: \(.severity) \(.code) at \(.pointer // "/"): \(.detail) \(.fix // "")")
    | told' "$work/body"
  jq -e 'all(.findings[]; .severity != "error")' "$work/body" >/dev/null || exit 1
  exit 0
}

# tell_events <id>: prints the timeline from where it is, and moves there.
after=
tell_events() {
  status=$(ask GET "/deployments/$1/events${after:+?after=$after}") || exit 2
  [ "$status" = 200 ] || refused "$status"
  jq -r "$told"'.events[] | "\(.at)  \(.service // "deployment")  \(.phase)  \(.message)" | told' "$work/body"
  after=$(jq -r '.next // ""' "$work/body")
  [ "$(jq '.events | length' "$work/body")" -lt 100 ] || tell_events "$1"
}

status=$(ask POST "/deployments${query:+?$query}" --header "Content-Type: $type" --header "Idempotency-Key: $key" \
  --data-binary @"$manifest") || exit 2
case $status in 200 | 202) ;; *) refused "$status" ;; esac
[ "$(jq .dry_run "$work/body" 2>/dev/null)" != true ] || show_plan
id=$(jq -r '.id // ""' "$work/body" 2>/dev/null)
[ -n "$id" ] || stop "What answers at $SLIPWAY_URL is not Slipway."
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

jq -r "$told"'
  def what: .kind + if .resource then " of \(.resource)" else "" end;
  def why: "cause: \(.cause)", "fix: \(.fix)", (.evidence[] | "evidence: \(what): \(.message)");
  "verdict: \(.verdict)",
  (.failure | values | why),
  (.rollback_failure | values | "the way back failed:", why)
  | told' "$work/deployment"
case $(jq -r .status "$work/deployment") in
  succeeded) exit 0 ;;
  failed | rolled_back) exit 1 ;;
  *) exit 2 ;;
esac
