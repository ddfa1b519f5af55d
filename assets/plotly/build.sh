#!/bin/sh
# Makes plotly.min.js beside this file: plotly.js with the traces that the figures use, 1.3 MB instead of 4.8.
# The version is that of the Python package plotly (its package_data/plotly.min.js says it). Wants node, npm, a network.
set -eu
VERSION=4.1.1 TRACES="bar heatmap scatterpolar"  # scatter is in the core
HERE=$(cd "$(dirname "$0")" && pwd) WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"
npm init -y >/dev/null
npm install --silent --ignore-scripts "plotly.js@$VERSION" esbuild@0.28.2 stream-browserify@3.0.0
{
  echo "const Plotly = require('plotly.js/lib/core');"
  for TRACE in $TRACES; do echo "Plotly.register(require('plotly.js/lib/$TRACE'));"; done
  echo "module.exports = Plotly;"
} > entry.js
echo "/* plotly.js v$VERSION, of its traces scatter, $(echo "$TRACES" | sed 's/ /, /g'). Copyright 2012-2026, Plotly, Inc.; MIT licence. */" > banner
npx esbuild entry.js --bundle --minify --format=iife --global-name=Plotly --target=es2016 --legal-comments=eof \
  --alias:regl=@plotly/regl --alias:stream=stream-browserify --define:global=window --define:define.amd=false \
  --loader:.css=empty --banner:js="$(cat banner)" --metafile=meta.json --outfile="$HERE/plotly.min.js"
node -e '
  const fs = require("fs"), names = Object.keys(JSON.parse(fs.readFileSync("meta.json")).inputs)
    .map((name) => (/^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(name) ?? [])[1]).filter(Boolean);
  for (const name of [...new Set(names)].sort()) {
    const folder = "node_modules/" + name, file = fs.readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    const { version, license } = JSON.parse(fs.readFileSync(folder + "/package.json"));
    console.log(`${name} ${version}: ${license}\n\n${file ? fs.readFileSync(folder + "/" + file, "utf8").trim() : ""}\n\n`);
  }' > "$HERE/LICENSES.txt"
