'use strict';
// Tests of our own, run first and last: if they do not come out as they must, somebody bends the results. Which way each
// must come out is known on the host only; their names are not to be guessed.

const fs = require('node:fs');
const path = require('node:path');
const { randomBytes } = require('node:crypto');

// Plain old syntax: a project's own transformer may rewrite what is newer into calls of what is not there.
const HEADS = {
  'node:test': "import test from 'node:test';\nimport assert from 'node:assert';\n",
  vitest: "import { expect, test } from 'vitest';\n",
  jest: '',
};
const UNEQUAL = { 'node:test': 'assert.equal(1, 2);', vitest: 'expect(1).toBe(2);', jest: 'expect(1).toBe(2);' };
const EQUAL = { 'node:test': 'assert.equal(1, 1);', vitest: 'expect(1).toBe(1);', jest: 'expect(1).toBe(1);' };

/** Writes those that are `missing` (see `Board.missingCanaries`); {first, last}, each {file, path} or null. They are written
 * beside `like` (a test file), and look like it to the runner: what the project sets for its tests is set for ours. */
function canaryFiles(session, runner, missing, like = '') {
  const head = HEADS[runner];
  const write = (text) => {
    const file = like ? besides(like) : path.join(session.scratch, `${randomBytes(8).toString('hex')}.mjs`);
    fs.writeFileSync(file, head + text);
    return { file, path: like ? path.relative(session.tree, file) : path.basename(file) };
  };
  const first = ([failing, passing]) =>
    write(`test('${failing}', () => {\n  ${UNEQUAL[runner]}\n});\ntest('${passing}', () => {\n  ${EQUAL[runner]}\n});\n`);
  const last = (name) => write(`test('${name}', () => Promise.resolve().then(() => {\n  ${UNEQUAL[runner]}\n}));\n`);
  return {
    first: missing?.first ? first(missing.first) : null,
    last: missing?.last ? last(missing.last) : null,
  };
}

/** A new name in the folder of `like`, with the ending that makes it a test file. */
function besides(like) {
  const name = path.basename(like);
  const ending = /(?:^|[._-])((?:test|spec|tests|specs)\.[\w.]+)$/.exec(name)?.[1] ?? path.extname(name).slice(1);
  return path.join(path.dirname(like), `${randomBytes(8).toString('hex')}.${ending}`);
}

module.exports = { canaryFiles };
