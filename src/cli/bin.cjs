#!/usr/bin/env node
// Plain old syntax: whatever Node runs this must be able to read it, so that a wrong one gets a sentence and no stack.
var parts = process.versions.node.split('.')
var major = Number(parts[0])
var minor = Number(parts[1])
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write('tidegate needs Node 20.19 or newer; this is Node ' + process.versions.node + ' (' + process.execPath + ').\n')
  process.exitCode = 2
} else {
  import('./main.js')
}
