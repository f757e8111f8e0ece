'use strict';
// The process that mocha runs in. Its order comes on stdin and is taken before any file of the project; then files are
// loaded, tests chosen, and what mocha and we see is said to the harness.

const fs = require('node:fs');
const path = require('node:path');
const Module = require('node:module');
const { witness } = require('./witness.cjs');
const { found } = require('./patterns.cjs');
const { namer } = require('./names.cjs');
const { broken, swallowed } = require('./controls.cjs');

const SETTLE_MS = 300; // for what tests leave behind
const { setTimeout: later, setImmediate: soon, Error: Failure } = globalThis;
const OVERRULED = { forbidOnly: false, forbidPending: false, allowUncaught: false, bail: false, retries: 0, parallel: false,
  dryRun: false, inlineDiffs: false, diff: true, color: false, checkLeaks: false, watch: false, exit: false };
const EVENTS = { EVENT_TEST_BEGIN: 'test', EVENT_TEST_PASS: 'pass', EVENT_TEST_PENDING: 'pending', EVENT_TEST_FAIL: 'fail' };
const exit = process.reallyExit.bind(process);

async function main() {
  const order = JSON.parse(fs.readFileSync(0, 'utf8'));
  const eye = witness(order);
  const state = { running: false };
  process.on('uncaughtException', (error) => state.running || eye.stray(error)); // mocha sees to those of a run
  process.on('unhandledRejection', (error) => eye.stray(error)); // mocha leaves these to the process
  for (const name of Object.keys(require.cache)) if (name.startsWith(__dirname)) delete require.cache[name];
  const mocha = await loaded(order, eye);
  if (mocha === null) return exit(1);
  const chosen = choose(mocha.suite, order, eye);
  if (order.collecting) return exit(0);
  if (order.canaries !== null) addCanaries(mocha, order, chosen);
  state.running = true;
  await runAll(mocha, chosen, eye);
  state.running = false;
  await settled();
  eye.say('control', { path: '', why: await control(order) });
  return exit(1);
}

/** A mocha with the project's files in it; what cannot be loaded is said, file by file. */
async function loaded(order, eye) {
  const inside = (file) => (fs.existsSync(path.join(order.mocha, file)) ? require(path.join(order.mocha, file)) : null);
  const Mocha = inside('index.js');
  const helpers = inside('lib/cli/run-helpers.js');
  const given = order.options;
  process.argv = [process.argv[0], path.join(order.mocha, 'bin', 'mocha.js')];
  let mocha;
  try {
    Module.globalPaths?.push(path.join(order.root, 'node_modules'));
    const required = [given.require ?? []].flat();
    const plugins = helpers?.handleRequires ? await helpers.handleRequires(required) : requireEach(required, order);
    const options = { ...camel(given), ...plugins, ...OVERRULED, reporter: function Silent() {}, delay: given.delay };
    mocha = new Mocha({ ...options, rootHooks: plugins?.rootHooks, spec: undefined });
    if (plugins?.globalSetup) for (const setUp of plugins.globalSetup) await setUp.call({});
    mocha.files = order.files.length > 0 ? [...fixtures(given), ...order.files] : collected(inside, given, order);
  } catch (error) {
    eye.loadError('', error);
    return null;
  }
  return loadEach(mocha, order, eye);
}

function fixtures(given) {
  return [given.file ?? []].flat().map((file) => path.resolve(file));
}

function requireEach(names, order) {
  const own = Module.createRequire(path.join(order.root, 'package.json'));
  for (const name of names) own(fs.existsSync(path.resolve(name)) || fs.existsSync(path.resolve(`${name}.js`)) ? path.resolve(name) : name);
  return {};
}

/** The files that mocha itself would run, found by its own program where it has one for that. */
function collected(inside, given, order) {
  const spec = given._?.length > 0 ? given._ : ['./test'];
  const list = (value) => [value ?? []].flat();
  const collect = inside('lib/cli/collect-files.js');
  if (collect === null) {
    const patterns = spec.flatMap((one) => [one, `${one}.js`, `${one}/${given.recursive ? '**/' : ''}*.{js,cjs,mjs}`]);
    return found(order.root, patterns.map((one) => path.posix.normalize(one)));
  }
  const files = collect({
    ignore: list(given.ignore), extension: list(given.extension), file: list(given.file), recursive: given.recursive,
    sort: given.sort, spec,
  });
  return Array.isArray(files) ? files : files.files;
}

/** One file at a time, so that one which cannot be loaded does not keep the others from running. */
async function loadEach(mocha, order, eye) {
  const files = [...new Set(mocha.files)];
  for (const file of files) {
    mocha.files = [file];
    const before = mocha.suite.suites.length + mocha.suite.tests.length;
    try {
      mocha._state = 'init';
      if (mocha.loadFilesAsync) await mocha.loadFilesAsync();
      else mocha.loadFiles();
    } catch (error) {
      mocha.suite.suites.splice(before);
      eye.loadError(path.relative(order.tree, file), error);
    }
  }
  mocha.files = files;
  return mocha;
}

/** Says which tests there are and takes out those that are not wanted; the chosen ones, by test. */
function choose(root, order, eye) {
  const wanted = order.wanted === null ? null : new Set(order.wanted);
  const names = new Map();
  const ids = new Map();
  const chosen = new Map();
  const visit = (suite) => {
    suite.tests = suite.tests.filter((test) => {
      const file = path.relative(order.tree, fs.realpathSync(test.file ?? suite.file ?? order.root));
      if (!names.has(file)) names.set(file, namer(file));
      const id = names.get(file)(titles(test));
      ids.set(file, [...(ids.get(file) ?? []), id]);
      if (wanted !== null && !wanted.has(id)) return false;
      chosen.set(test, id);
      return true;
    });
    suite.suites.forEach(visit);
  };
  visit(root);
  for (const [file, list] of ids) eye.say('tests', { path: file, ids: list });
  return chosen;
}

function titles(test) {
  const outer = [];
  for (let one = test; one && !one.root; one = one.parent) outer.unshift(one.title);
  return outer;
}

/** Tests of our own around all others, in the very process that they run in. */
function addCanaries(mocha, order, chosen) {
  const { Suite, Test } = mocha.constructor;
  const assert = require('node:assert');
  const make = (suite, name, body) => {
    const test = new Test(name, body);
    suite.addTest(test);
    chosen.set(test, `${suite.title}::${name}`);
  };
  const first = Suite.create(mocha.suite, 'controls');
  mocha.suite.suites.unshift(mocha.suite.suites.pop());
  if (order.canaries.first !== null) {
    make(first, order.canaries.first[0], () => assert.equal(1, 2));
    make(first, order.canaries.first[1], () => assert.equal(1, 1));
  }
  if (order.canaries.last !== '') {
    make(Suite.create(mocha.suite, 'control'), order.canaries.last, async () => {
      await null;
      assert.equal(1, 2);
    });
  }
  const top = mocha.suite.tests; // these run before any suite: put behind our first ones
  if (top.length > 0) {
    const own = Suite.create(mocha.suite, '');
    mocha.suite.suites.splice(1, 0, mocha.suite.suites.pop());
    for (const test of top.splice(0)) {
      own.tests.push(test);
      test.parent = own;
    }
  }
}

function runAll(mocha, chosen, eye) {
  for (const [test, id] of chosen) {
    test.retries(0); // each test has one try
    if (typeof test.fn === 'function') test.fn = eye.watch(id, test.fn, 0);
  }
  const { constants = EVENTS } = mocha.constructor.Runner;
  return new Promise((resolve) => {
    const runner = mocha.run(() => resolve());
    const retold = new Set();
    const told = (test, outcome, more) => {
      const id = chosen.get(test);
      if (id === undefined || retold.has(id)) return;
      retold.add(id);
      eye.verdict(id, outcome, { duration_s: (test.duration ?? 0) / 1000, ...more });
    };
    runner.on(constants.EVENT_TEST_BEGIN, (test) => chosen.has(test) && eye.begin(chosen.get(test)));
    runner.on(constants.EVENT_TEST_PASS, (test) => told(test, 'passed'));
    runner.on(constants.EVENT_TEST_PENDING, (test) => told(test, 'skipped'));
    runner.on(constants.EVENT_TEST_FAIL, (test, error) => {
      if (test.type !== 'hook') return told(test, 'failed', { thrown: error });
      return hookFailed(test, error, chosen, told, eye);
    });
  });
}

/** A hook that fails takes tests along: the one it belongs to, or all of its suite that did not run. */
function hookFailed(hook, error, chosen, told, eye) {
  const { ctx, parent, title } = hook;
  const after = title.startsWith('"after');
  if (/^"(before|after) each"/.test(title) && ctx?.currentTest) {
    if (after) eye.stray(error);
    else told(ctx.currentTest, 'failed', { thrown: error, phase: 'setup' });
  }
  if (after && !title.startsWith('"after each"')) {
    eye.stray(error);
    return;
  }
  parent.eachTest((test) => {
    if (chosen.has(test) && test.state === undefined && !test.isPending()) {
      told(test, 'failed', { thrown: error, phase: 'setup' });
    }
  });
}

/** Errors that nobody waits for come within a moment, or not at all. */
function settled() {
  return new Promise((resolve) => {
    process.on('beforeExit', resolve);
    later(() => soon(resolve), SETTLE_MS).unref();
  });
}

async function control(order) {
  const assert = require('node:assert');
  const own = Module.createRequire(path.join(order.root, 'package.json'));
  const chai = [];
  const expect = [];
  for (const [name, list, pick] of [['chai', chai, (m) => m], ['expect', expect, (m) => m.expect ?? m.default ?? m]]) {
    try {
      const file = own.resolve(name);
      const library = require.cache[file]?.exports ?? (await import(file));
      const picked = pick(library.default?.expect ? library.default : library);
      if (name === 'chai' || typeof picked?.extend === 'function') list.push(picked);
    } catch {
      // not used here
    }
  }
  return broken(globalThis, { assert: [assert, assert.strict], chai, expect }) || swallowed(globalThis, assert);
}

/** Options by the names that mocha's own class takes. */
function camel(options) {
  const renamed = Object.entries(options).map(([name, value]) => [name.replace(/-(\w)/g, (_, c) => c.toUpperCase()), value]);
  return Object.fromEntries(renamed.filter(([name]) => name !== '_'));
}

main().catch((error) => {
  process.stderr.write(`${error?.stack ?? new Failure(String(error)).stack}\n`);
  exit(1);
});
