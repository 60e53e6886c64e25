#!/usr/bin/env node
// Made from packaging/npm-command.js. In words that any Node with modules knows, so that an old one can say what is wrong.
import { setFlagsFromString } from 'node:v8';

if (Number(process.versions.node.split('.')[0]) < 24) {
  console.error(
    `COMMAND: error: Node ${process.versions.node} is too old, 24 or later is needed\n` +
      '  hint: install a later Node, or the executable that needs none',
  );
  process.exitCode = 1;
} else {
  // A small young generation frees the buffers of a stream early: less memory, and faster than with the default.
  setFlagsFromString('--semi-space-growth-factor=1');
  process.argv.splice(2, 0, 'COMMAND');
  import('../lib/main.js');
}
