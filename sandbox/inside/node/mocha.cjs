'use strict';
// Runs mocha in a process of its own, with all files, as `mocha` does. What happens in that process belongs to
// `mocha_main`. Collecting loads the files and runs nothing.

const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');
const { runWhole } = require('./spawned.cjs');

const NODE_OPTION = ['node-option', 'nodeOption', 'n'];

async function run(round) {
  const { session } = round;
  const own = createRequire(path.join(session.root, 'package.json'));
  const mocha = path.dirname(own.resolve('mocha/package.json'));
  const { options, flags } = optionsOf(mocha, session);
  await runWhole(round, 'mocha_main.cjs', flags, { mocha, options });
}

function optionsOf(mocha, session) {
  if (!fs.existsSync(path.join(mocha, 'lib/cli/options.js'))) return { options: old(session), flags: [] };
  const { loadOptions } = require(path.join(mocha, 'lib/cli/options.js'));
  const { isNodeFlag } = require(path.join(mocha, 'lib/cli/node-flags.js'));
  return split(loadOptions(session.arguments), isNodeFlag);
}

/** The options of a mocha before 6: of the test script, and of the file that they were kept in. */
function old(session) {
  const file = path.join(session.root, 'test', 'mocha.opts');
  const kept = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split(/\s+/).filter(Boolean) : [];
  const options = { _: [], require: [] };
  const words = [...kept, ...session.arguments];
  for (let at = 0; at < words.length; at += 1) {
    const [name, joined] = words[at].split(/=(.*)/s);
    const value = () => joined ?? words[(at += 1)];
    if (name === '--require' || name === '-r') options.require.push(value());
    else if (name === '--ui' || name === '-u') options.ui = value();
    else if (name === '--timeout' || name === '-t') options.timeout = value();
    else if (name === '--recursive') options.recursive = true;
    else if (name === '--reporter' || name === '-R' || name === '--compilers' || name === '--opts') value();
    else if (!name.startsWith('-')) options._.push(words[at]);
  }
  return options;
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
