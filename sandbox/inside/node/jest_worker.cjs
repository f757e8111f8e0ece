'use strict';
// In jest's worker: stands in for its test runner (jest-circus, which it starts), to choose tests, watch their functions
// and say what happened. Outside the context that the tests run in.

const path = require('node:path');
const fs = require('node:fs');
const { witness } = require('./witness.cjs');
const { namer } = require('./names.cjs');
const { broken, swallowed } = require('./controls.cjs');

const { setImmediate: soon } = globalThis;
const RETRIES = Symbol.for('RETRY_TIMES');

module.exports = async (globalConfig, config, environment, runtime, testPath, sendMessage) => {
  const { fixbugs: order, ...plainConfig } = config;
  delete config.fixbugs;
  const file = new File(order, path.relative(order.tree, fs.realpathSync(testPath)), Object.values(order.ours).includes(testPath));
  const original = environment.handleTestEvent?.bind(environment);
  environment.handleTestEvent = async (event, state) => {
    if (event.name === 'run_start') environment.global[RETRIES] = 0; // each test has one try
    file.heard(event, state);
    if (original) await original(event, state);
  };
  const strays = (error) => file.stray(error);
  process.on('unhandledRejection', strays);
  try {
    const loaded = require(order.circus);
    const result = await (loaded.default ?? loaded)(globalConfig, plainConfig, environment, runtime, testPath, sendMessage);
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => soon(resolve));
    if (result.testExecError && !file.declared) file.eye.loadError(file.path, result.testExecError);
    await file.control(environment.global);
    return result;
  } catch (error) {
    file.eye.loadError(file.path, error);
    throw error;
  } finally {
    process.off('unhandledRejection', strays);
  }
};

class File {
  constructor(order, name, ours) {
    this.path = name;
    this.eye = witness(order);
    this.collecting = order.collecting;
    this.wanted = order.wanted === null || ours ? null : new Set(order.wanted);
    this.ids = new Map(); // circus's test -> id
    this.declared = false;
  }

  heard(event, state) {
    if (event.name === 'run_start') this.declare(state.rootDescribeBlock);
    else if (event.name === 'test_start') this.begin(event.test);
    else if (event.name === 'test_skip') this.tell(event.test, 'skipped');
    else if (event.name === 'test_todo') this.tell(event.test, 'todo');
    else if (event.name === 'test_done') this.done(event.test);
    else if (event.name === 'hook_failure') this.failedHook = { test: event.test, hook: event.hook };
    else if (event.name === 'error' && event.error !== undefined && state.currentlyRunningTest === null) this.stray(event.error);
    else if (event.name === 'run_finish') this.unhandled(state.unhandledErrors);
  }

  declare(root) {
    const name = namer(this.path);
    const visit = (block, names) => {
      for (const child of block.children) {
        if (child.type === 'describeBlock') visit(child, [...names, child.name]);
        else this.choose(child, name([...names, child.name]));
      }
    };
    visit(root, []);
    this.declared = true;
    this.eye.say('tests', { path: this.path, ids: [...this.ids.values()] });
  }

  choose(test, id) {
    this.ids.set(test, id);
    const chosen = !this.collecting && (this.wanted === null || this.wanted.has(id));
    if (!chosen) test.mode = 'skip';
    else if (typeof test.fn === 'function') test.fn = this.eye.watch(id, test.fn, 0);
  }

  chosen(test) {
    const id = this.ids.get(test);
    return id !== undefined && !this.collecting && (this.wanted === null || this.wanted.has(id)) ? id : undefined;
  }

  begin(test) {
    const id = this.chosen(test);
    if (id !== undefined && test.mode !== 'skip' && test.mode !== 'todo') this.eye.begin(id);
  }

  tell(test, outcome, more) {
    const id = this.chosen(test);
    if (id !== undefined) this.eye.verdict(id, outcome, more);
  }

  done(test) {
    const duration_s = (test.duration ?? 0) / 1000;
    const [first] = test.errors;
    const hook = this.failedHook;
    this.failedHook = undefined;
    if (first === undefined) return this.tell(test, test.failing ? 'todo' : 'passed', { duration_s }); // as it says
    const thrown = thrownOf(first);
    const phases = { beforeEach: 'setup', beforeAll: 'setup', afterEach: 'teardown', afterAll: 'teardown' };
    const phase = hook === undefined || test.errors.length > 1 ? 'call' : phases[hook.hook.type] ?? 'call';
    return this.tell(test, 'failed', { duration_s, thrown, phase });
  }

  unhandled(errors) {
    for (const error of errors ?? []) this.stray(thrownOf(error));
  }

  stray(error) {
    this.eye.stray(error, this.path);
  }

  async control(realm) {
    const assert = require('node:assert');
    const libraries = { assert: [assert, assert.strict], expect: [realm.expect] };
    const why = broken(realm, libraries) || (await swallowed(realm, assert));
    this.eye.say('control', { path: this.path, why });
  }
}

/** Circus keeps an error with the place where its test was declared; either may be missing. */
function thrownOf(kept) {
  const [error, place] = Array.isArray(kept) ? kept : [kept, undefined];
  if (error !== null && typeof error === 'object') return error;
  if (typeof error === 'string' && place !== undefined) return Object.assign(place, { message: error });
  return error ?? place;
}
