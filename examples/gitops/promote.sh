#!/bin/sh
# promote.sh staging DIGEST: pin a model in staging.  promote.sh prod: pin the model of staging in prod.  It writes; you commit.
set -eu
cd "$(dirname "$0")"
usage() { echo "usage: promote.sh staging sha256:DIGEST | promote.sh prod" >&2; exit 2; }
pinned() { sed -n 's/^    digest: *//p' "$1/conversion.yaml"; }

case "${1:-}" in
  staging) digest=${2:-} ;;
  prod) [ $# -eq 1 ] || usage; digest=$(pinned staging) ;;
  *) usage ;;
esac
rest=${digest#sha256:}
if [ "$digest" = "$rest" ] || [ ${#rest} -ne 64 ] || [ -n "$(printf %s "$rest" | tr -d a-f0-9)" ]; then
  echo "promote.sh: not a digest: ${digest:-nothing}; write sha256: and 64 digits" >&2
  exit 2
fi
if [ "$digest" = "sha256:$(printf '%064d' 0)" ]; then
  echo "promote.sh: staging pins no model yet; run promote.sh staging first" >&2
  exit 1
fi
sed "s/^    digest: .*/    digest: $digest/" "$1/conversion.yaml" > "$1/conversion.yaml.new"
mv "$1/conversion.yaml.new" "$1/conversion.yaml"
echo "$1/conversion.yaml pins $(pinned "$1")"
