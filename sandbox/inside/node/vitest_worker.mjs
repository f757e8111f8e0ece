// In vitest's worker: the runner that chooses tests, watches their functions and says what happened. It lies beside the
// project's packages, so that `vitest` is the one that the tests use; what is ours is found by its path.

import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';
import * as runners from 'vitest/runners';
import * as suite from 'vitest/suite';

const load = createRequire('fixbugs:inside/');
const { witness } = load('./witness.cjs');
const { namer } = load('./names.cjs');
const { broken, swallowed } = load('./controls.cjs');

const Base = runners.VitestTestRunner ?? runners.TestRunner;
const getFn = suite.getFn ?? Base.getTestFn;
const VARIABLE = 'FIXBUGS_ORDER';
const { setImmediate: soon } = globalThis;

export default class Runner extends Base {
  #order;
  #eye;
  #ids = new Map();
  #path = '';
  #called = new Set();

  constructor(config) {
    super(config);
    this.#order = JSON.parse(config.env[VARIABLE]);
    delete config.env[VARIABLE];
    delete process.env[VARIABLE];
    const shared = globalThis.__vitest_worker__?.config?.env;
    if (shared !== undefined) delete shared[VARIABLE];
    this.#eye = witness(this.#order);
    this.#path = '';
    for (const kind of ['unhandledRejection', 'uncaughtException']) {
      process.on(kind, (error) => this.#eye.stray(error, this.#path));
    }
  }

  onCollected(files) {
    super.onCollected?.(files);
    for (const file of files) {
      this.#path = path.relative(this.#order.tree, fs.realpathSync(file.filepath));
      const errors = file.result?.errors ?? [];
      if (errors.length > 0) this.#eye.loadError(this.#path, errors[0]);
      else this.#declare(file);
    }
  }

  #declare(file) {
    const ours = Object.values(this.#order.ours).includes(file.filepath);
    const wanted = this.#order.wanted === null || ours ? null : new Set(this.#order.wanted);
    const name = namer(this.#path);
    const ids = [];
    const visit = (tasks, names) => {
      for (const task of tasks) {
        if (task.type === 'suite') visit(task.tasks, [...names, task.name]);
        else ids.push(this.#choose(task, name([...names, task.name]), wanted));
      }
    };
    visit(file.tasks, []);
    this.#eye.say('tests', { path: this.#path, ids });
  }

  #choose(task, id, wanted) {
    if (this.#order.collecting || (wanted !== null && !wanted.has(id))) task.mode = 'skip';
    else this.#ids.set(task, id);
    task.retry = 0; // each test has one try
    return id;
  }

  async onBeforeRunTask(task) {
    await super.onBeforeRunTask?.(task);
    const id = this.#ids.get(task);
    if (id !== undefined && (task.mode === 'run' || task.mode === 'queued')) this.#eye.begin(id);
  }

  async runTask(task) {
    const body = getFn(task);
    const id = this.#ids.get(task);
    this.#called.add(id);
    await (id === undefined ? body() : this.#eye.watch(id, body)());
  }

  async onAfterRunTask(task) {
    await super.onAfterRunTask?.(task);
    this.#tell(task);
  }

  #tell(task) {
    const id = this.#ids.get(task);
    if (id === undefined) return;
    this.#ids.delete(task);
    const state = task.result?.state;
    const duration_s = (task.result?.duration ?? 0) / 1000;
    if (task.mode === 'todo') this.#eye.verdict(id, 'todo', { duration_s });
    else if (task.mode === 'skip' || state === 'skip') this.#eye.verdict(id, 'skipped', { duration_s });
    else if (state === 'pass' && task.fails) this.#eye.verdict(id, 'todo', { duration_s }); // it failed, as it says
    else if (state === 'pass') this.#eye.verdict(id, 'passed', { duration_s });
    else this.#failed(id, task.result?.errors ?? [], duration_s);
  }

  #failed(id, errors, duration_s) {
    const thrown = errors[0] ?? new Error('the test did not pass');
    this.#eye.verdict(id, 'failed', { thrown, duration_s, phase: this.#called.has(id) ? 'call' : 'setup' });
  }

  async onAfterRunFiles(files) {
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => soon(resolve));
    this.#skippedSuites(files);
    const { default: assert } = await import('node:assert');
    const { expect } = await import('vitest');
    const libraries = { assert: [assert, assert.strict], expect: [expect] };
    const why = broken(globalThis, libraries) || (await swallowed(globalThis, assert));
    this.#eye.say('control', { path: this.#path, why });
    await super.onAfterRunFiles?.(files);
  }

  /** Tests that no one asked about: their suite was skipped, or a hook of it failed. */
  #skippedSuites(files) {
    const visit = (task, error) => {
      const failed = task.type === 'suite' ? (task.result?.errors?.[0] ?? error) : error;
      for (const child of task.tasks ?? []) visit(child, failed);
      const id = this.#ids.get(task);
      if (id === undefined) return;
      if (failed === undefined || task.mode === 'todo') this.#tell(task);
      else this.#eye.verdict(id, 'failed', { thrown: failed, phase: 'setup' });
      this.#ids.delete(task);
    };
    for (const file of files) visit(file, undefined);
  }
}
