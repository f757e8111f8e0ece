'use strict';
// The process that jest runs in, its tests in workers. A runner of ours around jest's hands each worker its order; what
// happens there belongs to `jest_worker`. Collecting loads the files and skips every test: no body runs.

const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');
const { witness } = require('./witness.cjs');
const { canaryFiles } = require('./canary_files.cjs');

const UNTOUCHED = ['env', 'config', 'projects', 'selectProjects', 'rootDir', 'roots', 'preset', 'transform', 'globals',
  'testTimeout', 'testEnvironment', 'setupFiles', 'setupFilesAfterEnv', 'moduleNameMapper', 'testMatch', 'testRegex',
  'testPathIgnorePatterns', 'modulePaths', 'moduleDirectories', 'ignoreProjects', 'resolver'];
const WORKERS = 2;

async function main() {
  const order = JSON.parse(fs.readFileSync(0, 'utf8'));
  const eye = witness(order);
  const jest = jestOf(order);
  const like = order.files[0] ?? '';
  const { first, last } = canaryFiles(order, 'jest', order.canaries, like);
  const ours = { first: first?.file, last: last?.file };
  const classes = classesOf(order, jest, ours, eye);
  const argv = {
    ...(await given(order, jest)),
    $0: 'jest', _: [], ci: true, watch: false, watchAll: false, coverage: false, bail: 0, silent: false, verbose: false,
    json: false, passWithNoTests: true, forceExit: false, notify: false, onlyChanged: false, cache: true,
    cacheDirectory: path.join(order.scratch, 'jest'), reporters: [[classes.Reporter, {}]], runner: classes.Runner,
    maxWorkers: WORKERS, workerThreads: false, injectGlobals: true, testNamePattern: undefined,
    testSequencer: classes.Sequencer, openHandlesTimeout: 0, randomize: false, shard: undefined, detectOpenHandles: false,
  };
  const files = [ours.first, ours.last, ...order.files].filter(Boolean);
  if (files.length > 0) Object.assign(argv, { runTestsByPath: true, _: files });
  await jest.runCLI(argv, [argv.rootDir ?? order.root]);
  process.exit(1);
}

function jestOf(order) {
  const own = createRequire(path.join(order.root, 'package.json'));
  const jest = createRequire(own.resolve('jest/package.json'));
  const core = createRequire(jest.resolve('@jest/core'));
  const config = createRequire(core.resolve('jest-config'));
  const buildArgv = own('jest').buildArgv ?? createRequire(jest.resolve('jest-cli'))('jest-cli').buildArgv;
  return {
    runCLI: core('@jest/core').runCLI,
    buildArgv,
    runner: core.resolve('jest-runner'),
    sequencer: config.resolve('@jest/test-sequencer'),
    circus: circusOf(order, config),
  };
}

/** The runner that this jest takes by default; for one before 27, which does not, the installer put it aside. */
function circusOf(order, config) {
  const aside = createRequire(path.join(order.environment, 'aside', 'package.json'));
  for (const place of [config, createRequire(path.join(order.root, 'package.json')), aside]) {
    try {
      return place.resolve('jest-circus/runner');
    } catch {
      // look further
    }
  }
  throw new Error('jest-circus is not there: tests of a jest before 27 cannot be run without it. Update jest.');
}

/** What the project's test script says about configuration; how to report, select and watch is ours to say. */
async function given(order, jest) {
  if (order.arguments.length === 0 || jest.buildArgv === undefined) return {};
  const parsed = await jest.buildArgv(order.arguments);
  return Object.fromEntries(UNTOUCHED.filter((name) => parsed[name] !== undefined).map((name) => [name, parsed[name]]));
}

/** Classes that jest loads by path: small files beside us that lead to this process's own. */
function classesOf(order, jest, ours, eye) {
  const base = (module) => require(module).default ?? require(module);
  const worker = path.join(__dirname, 'jest_worker.cjs');
  const { files: _, options, ...theirs } = order;
  let left = 0;
  const contexts = new Map();
  const contextOf = (context) => {
    if (!contexts.has(context)) {
      const config = { ...context.config, testRunner: worker, fixbugs: { ...theirs, circus: jest.circus, ours } };
      contexts.set(context, Object.assign(Object.create(Object.getPrototypeOf(context)), context, { config }));
    }
    return contexts.get(context);
  };
  loaded.Runner = class extends base(jest.runner) {
    runTests(tests, watcher, ...rest) {
      left += tests.length;
      const ordered = tests.map((test) => ({ ...test, context: contextOf(test.context) }));
      return super.runTests(ordered, watcher, ...rest.slice(0, -1), { ...rest.at(-1), serial: false });
    }
  };
  loaded.Sequencer = class extends base(jest.sequencer) {
    sort(tests) {
      const place = ({ path: file }) => (ours.first === file ? 0 : ours.last === file ? 2 : 1);
      return [...tests].sort((a, b) => place(a) - place(b) || (a.path < b.path ? -1 : 1));
    }
  };
  loaded.Reporter = class {
    onRunStart() {}
    onTestResult(test, { testExecError: error }) {
      if (error) eye.loadError(path.relative(order.tree, test.path), Object.assign(new Error(error.message), { stack: error.stack }));
      left -= 1;
      if (left === 0) process.exit(1); // all is said; how workers end is nobody's business
    }
    onRunComplete() {}
    getLastError() {}
  };
  return Object.fromEntries(Object.keys(loaded).map((name) => [name, leading(order, name)]));
}

function leading(order, name) {
  const file = path.join(__dirname, `jest-${name}-${path.basename(order.channel, '.jsonl')}.cjs`);
  fs.writeFileSync(file, `module.exports = require('./jest_main.cjs').loaded.${name};\n`);
  return file;
}

const loaded = {};

module.exports = { loaded };

if (require.main === module) {
  main().catch((error) => {
    console.error(error);
    process.exit(1);
  });
}
