'use strict';
// Runs files of node's own test runner, each in a process of its own, as `node --test` does. What such a process does
// belongs to `node_test_child`.
//
// Collecting loads the files with every test skipped and every hook left out: bodies do not run, what stands outside of
// tests does. Subtests (`t.test`) are part of the test that holds them.

const fs = require('node:fs');
const path = require('node:path');
const { spawnRunner } = require('./spawned.cjs');
const { found } = require('./patterns.cjs');
const { canaryFiles } = require('./canary_files.cjs');

const CHILD = path.join(__dirname, 'node_test_child.cjs');

async function run({ session, wanted, canaries, board }) {
  const ours = canaryFiles(session, 'node:test', canaries);
  const run = (one, chosen) => runFile(session, chosen, one.file, one.path, board);
  if (ours.first !== null) await run(ours.first, null);
  for (const file of filesOf(session, wanted)) {
    const name = session.relative(file);
    await run({ file, path: name }, wanted === null ? null : mine(wanted, name));
  }
  if (ours.last !== null) await run(ours.last, null);
}

async function runFile(session, wanted, file, name, board) {
  const order = { ...session.order(), file, path: name, wanted };
  const token = path.basename(session.channel, '.jsonl');
  const reporter = path.join(__dirname, `reporter-${token}.mjs`);
  fs.writeFileSync(reporter, `export default globalThis[Symbol.for('${token}')]();\n`);
  const flags = ['--require', CHILD, '--test-reporter', reporter, '--test-reporter-destination', 'stdout'];
  const argv = [...flags, ...session.node_flags, file];
  const how = await spawnRunner(session, argv, { ...order, token, own_flags: flags.length });
  board.drain();
  board.gone(how);
  if (!board.files.has(name) && !board.errors.has(name) && ![...board.tests.keys()].some((id) => id.startsWith(`${name}::`))) {
    board.unloaded(name, how);
  }
}

function mine(wanted, name) {
  return [...wanted].filter((id) => id.startsWith(`${name}::`));
}

function filesOf(session, wanted) {
  const asked = session.files.map((file) => path.join(session.tree, file));
  const files = asked.length > 0 ? asked : found(session.root, session.arguments);
  return session.collecting || wanted === null ? files : files.filter((file) => mine(wanted, session.relative(file)).length);
}

module.exports = { run };
