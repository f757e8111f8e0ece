'use strict';
// In a process of node's test runner, before anything else: takes its order from stdin, and puts itself between the test
// file and `node:test`, to know which tests are declared, choose among them, and see how their functions end. What the
// runner makes of them comes through a reporter of ours.

const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const { AsyncLocalStorage } = require('node:async_hooks');
const { isMainThread } = require('node:worker_threads');
const { pathToFileURL } = require('node:url');
const { witness } = require('./witness.cjs');
const { namer } = require('./names.cjs');
const { broken } = require('./controls.cjs');

const SHIM = pathToFileURL(path.join(__dirname, 'node_test_shim.mjs')).href;
const SETTLE_MS = 1000; // for what tests leave behind, as open servers; node itself would wait for ever
const LATE = 'asynchronous activity after the test ended';
const { setTimeout: later, Error: Failure } = globalThis;
const WHOLE = '(the whole file)';
const HOOKS = ['before', 'after', 'beforeEach', 'afterEach'];
const VARIANTS = ['skip', 'todo', 'only', 'expectFailure'];

function begin() {
  const order = JSON.parse(fs.readFileSync(0, 'utf8'));
  const eye = witness(order);
  const tests = new Declared(order, eye);
  const original = require('node:test');
  const wrapped = wrap(original, tests);
  intercept(wrapped);
  Object.defineProperty(globalThis, Symbol.for(order.token), {
    configurable: true,
    value: () => {
      delete globalThis[Symbol.for(order.token)];
      return (source) => follow(source, tests, eye);
    },
  });
  watchEnd(order, eye, tests);
  process.execArgv.splice(0, order.own_flags); // what tests fork is not ours to watch
  for (const name of Object.keys(require.cache)) if (name.startsWith(__dirname)) delete require.cache[name];
}

/** The tests that a file declares, in order. */
class Declared {
  constructor(order, eye) {
    this.eye = eye;
    this.order = order;
    this.wanted = order.wanted === null ? null : new Set(order.wanted);
    this.name = namer(order.path);
    this.ids = [];
    this.byNames = new Map();
    this.suites = new AsyncLocalStorage();
    this.open = 0; // chosen tests without a result
  }

  /** The id of a new test, or null inside the body of another. */
  add(name) {
    const outer = this.suites.getStore() ?? [];
    if (outer === null || outer.inTest) return null;
    const names = [...outer, name];
    const id = this.name(names);
    this.ids.push(id);
    const key = JSON.stringify(names);
    this.byNames.set(key, [...(this.byNames.get(key) ?? []), id]);
    return id;
  }

  /** Whether a test is to run. */
  chosen(id) {
    return !this.order.collecting && (this.wanted === null || this.wanted.has(id));
  }

  /** A file that uses no test runner is one test: it passes when it ends by itself, with exit code 0. */
  whole(eye, code) {
    const id = this.add(WHOLE);
    if (!this.chosen(id)) return;
    eye.begin(id);
    eye.say('own', { id, failure: null });
    eye.verdict(id, code ? 'failed' : 'passed', { thrown: new Failure(`the file ended with exit code ${code}`) });
  }

  /** The id of the next result under these names. */
  take(names) {
    return this.byNames.get(JSON.stringify(names))?.shift();
  }
}

// ---------------------------------------------------------------- between the file and node:test

function wrap(original, tests) {
  const test = withVariants(original, (runner) => wrapTest(runner, tests));
  const suite = withVariants(original.describe, (runner) => wrapSuite(runner, tests));
  const hooks = tests.order.collecting ? Object.fromEntries(HOOKS.map((name) => [name, () => {}])) : {};
  const all = { ...original, ...hooks, test, it: test, describe: suite, suite };
  for (const [name, value] of Object.entries(all)) if (!VARIANTS.includes(name)) test[name] = value;
  return test;
}

function withVariants(runner, wrapOne) {
  const wrapped = wrapOne(runner);
  for (const name of VARIANTS) if (typeof runner[name] === 'function') wrapped[name] = wrapOne(runner[name]);
  return wrapped;
}

/** The arguments as node itself sorts them. */
function sorted(name, options, body) {
  let given = options;
  let fn = body;
  let first = name;
  if (typeof first === 'function') fn = first;
  else if (first !== null && typeof first === 'object') [fn, given, first] = [options, first, undefined];
  else if (typeof options === 'function') fn = options;
  if (given === null || typeof given !== 'object') given = {};
  const named = typeof first === 'string' && first !== '' ? first : (fn?.name || '<anonymous>');
  return [named, given, fn];
}

function wrapTest(runner, tests) {
  return (...given) => {
    const [name, options, body] = sorted(...given);
    const id = tests.add(name);
    if (id === null || typeof body !== 'function') return runner(name, options, body);
    if (!tests.chosen(id)) return runner(name, { ...options, skip: true }, () => {});
    tests.open += 1;
    const watched = tests.eye.watch(id, body, 1);
    const inside = function inside(...args) {
      tests.eye.begin(id);
      const store = Object.assign([], { inTest: true });
      return tests.suites.run(store, () => Reflect.apply(watched, this, args));
    };
    Object.defineProperty(inside, 'length', { value: body.length });
    const limit = Math.min(options.timeout ?? Infinity, tests.order.limit_s * 1000);
    return runner(name, { ...options, timeout: limit }, inside);
  };
}

function wrapSuite(runner, tests) {
  return (...given) => {
    const [name, options, body] = sorted(...given);
    if (typeof body !== 'function') return runner(name, options, body);
    const outer = tests.suites.getStore() ?? [];
    if (outer.inTest) return runner(name, options, body);
    const inside = function inside(...args) {
      return tests.suites.run([...outer, name], () => Reflect.apply(body, this, args));
    };
    return runner(name, options, inside);
  };
}

function intercept(wrapped) {
  const load = Module._load;
  Module._load = function loadOne(request, ...rest) {
    return request === 'node:test' ? wrapped : Reflect.apply(load, this, [request, ...rest]);
  };
  if (typeof Module.registerHooks === 'function') {
    Module.registerHooks({
      resolve: (specifier, context, next) =>
        specifier === 'node:test' && context.conditions?.includes('import')
          ? { url: SHIM, format: 'module', shortCircuit: true }
          : next(specifier, context),
    });
  } else if (typeof Module.register === 'function') {
    Module.register(pathToFileURL(path.join(__dirname, 'node_test_loader.mjs')).href, { data: { shim: SHIM } });
  }
}

// ---------------------------------------------------------------- what the runner makes of them

async function* follow(source, tests, eye) {
  const names = [];
  for await (const { type, data } of source) {
    if (type === 'test:start') {
      names.length = data.nesting;
      names[data.nesting] = data.name;
    } else if (type === 'test:stderr' || type === 'test:stdout') {
      yield data.message;
    } else if ((type === 'test:pass' || type === 'test:fail') && data.details.type !== 'suite') {
      const id = tests.take([...names.slice(0, data.nesting), data.name]);
      if (id === undefined || !tests.chosen(id)) continue;
      eye.verdict(id, ...verdictOf(type, data));
      tests.open -= 1;
      if (tests.open === 0) later(() => process.exit(), SETTLE_MS).unref();
    } else if (type === 'test:diagnostic' && data.message.includes(LATE)) {
      eye.stray(new Failure(data.message), tests.order.path);
    }
  }
}

function verdictOf(type, { details, skip, todo }) {
  const duration_s = (details.duration_ms ?? 0) / 1000;
  if (skip !== undefined && skip !== false) return ['skipped', { duration_s }];
  if (todo !== undefined && todo !== false) return ['todo', { duration_s }];
  if (type === 'test:pass') return ['passed', { duration_s }];
  const error = details.error ?? new Error('failed');
  const phase = error.failureType === 'hookFailed' ? 'setup' : 'call';
  return ['failed', { thrown: error, phase, duration_s }];
}

// ---------------------------------------------------------------- the end of the process

function watchEnd(order, eye, tests) {
  let ended = false; // by itself, with nothing left to do
  process.on('uncaughtExceptionMonitor', (error) => {
    if (tests.ids.length === 0) eye.loadError(order.path, error);
  });
  process.on('beforeExit', () => {
    if (ended) return;
    ended = true;
    if (tests.ids.length === 0) tests.whole(eye, process.exitCode);
  });
  process.on('exit', (code) => {
    if (!ended && tests.ids.length === 0 && code === 0) {
      eye.loadError(order.path, new Error('the file ended its process before it declared a test'));
    }
    eye.say('tests', { path: order.path, ids: tests.ids });
    const assert = require('node:assert');
    eye.say('control', { path: order.path, why: broken(globalThis, { assert: [assert, assert.strict] }) });
  });
}

if (isMainThread) begin(); // flags of node's count for every thread
