'use strict';
// Runs mocha in a process of its own, with all files, as `mocha` does. What happens in that process belongs to
// `mocha_main`. Collecting loads the files and runs nothing.

const path = require('node:path');
const { createRequire } = require('node:module');
const { runWhole } = require('./spawned.cjs');

const NODE_OPTION = ['node-option', 'nodeOption', 'n'];

async function run(round) {
  const { session } = round;
  const own = createRequire(path.join(session.root, 'package.json'));
  const mocha = path.dirname(own.resolve('mocha/package.json'));
  const { loadOptions } = require(path.join(mocha, 'lib/cli/options.js'));
  const { isNodeFlag } = require(path.join(mocha, 'lib/cli/node-flags.js'));
  const { options, flags } = split(loadOptions(session.arguments), isNodeFlag);
  await runWhole(round, 'mocha_main.cjs', flags, { mocha, options });
}

/** What is mocha's and what is node's. */
function split(loaded, isNodeFlag) {
  const options = {};
  const flags = [];
  for (const [name, value] of Object.entries(loaded)) {
    if (NODE_OPTION.includes(name)) flags.push(...[value].flat().map((flag) => `--${String(flag).replace(/^--?/, '')}`));
    else if (name !== 'require' && name.length > 1 && isNodeFlag(name)) flags.push(...nodeFlags(name, value));
    else options[name] = value;
  }
  return { options, flags: [...new Set(flags)] };
}

function nodeFlags(name, value) {
  return [value].flat().map((one) => (one === true ? `--${name}` : `--${name}=${one}`));
}

module.exports = { run };
