'use strict';
// The process that vitest runs in, its tests in children of it. A runner of ours in each (`vitest_worker`) chooses tests and
// says what happened; what belongs to no test comes through a reporter. Collecting loads the files and skips every test.

const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');
const { pathToFileURL } = require('node:url');
const { witness } = require('./witness.cjs');
const { canaryFiles } = require('./canary_files.cjs');

const WORKER = path.join(__dirname, 'vitest_worker.mjs');
const WORKERS = 2;
const VARIABLE = 'FIXBUGS_ORDER';
const VALUED = { '--config': 'config', '-c': 'config', '--root': 'root', '-r': 'root', '--dir': 'dir', '--project': 'project',
  '--environment': 'environment', '--mode': 'mode', '--workspace': 'workspace', '--testTimeout': 'testTimeout' };
const PLAIN = { '--globals': 'globals', '--dom': 'dom' };

async function main() {
  const order = JSON.parse(fs.readFileSync(0, 'utf8'));
  const eye = witness(order);
  const own = createRequire(path.join(order.root, 'package.json'));
  const { createVitest } = await import(pathToFileURL(entry(own, './node')));
  const { mode, ...given } = options(order.arguments);
  const vitest = await createVitest('test', { ...given, ...ruled(order, eye) }, mode ? { mode } : {});
  const like = order.files[0] ?? '';
  const { first, last } = canaryFiles(order, 'vitest', order.canaries, like);
  const ours = { first: first?.file, last: last?.file };
  for (const project of new Set([vitest, ...(vitest.projects ?? [])])) prepare(project, { ...order, ours });
  const all = [ours.first, ...order.files, ours.last].filter(Boolean);
  await vitest.start(all.length > 0 ? all : undefined);
  process.exit(1);
}

/** The file behind one of vitest's exports, wherever it is installed. */
function entry(own, name) {
  const folder = path.dirname(own.resolve('vitest/package.json'));
  const { exports: known } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const meant = known[name];
  const file = typeof meant === 'string' ? meant : (meant.import?.default ?? meant.import ?? meant.default);
  return path.join(folder, file);
}

/** What the project's test script says of its configuration; the rest is ours to say. */
function options(words) {
  const found = {};
  for (let at = 0; at < words.length; at += 1) {
    const [name, joined] = words[at].split(/=(.*)/s);
    if (VALUED[name]) found[VALUED[name]] = joined ?? words[(at += 1)];
    else if (PLAIN[name]) found[PLAIN[name]] = true;
    else if (name.startsWith('--environment.') || name.startsWith('--env.')) continue;
  }
  return found;
}

function ruled(order, eye) {
  return {
    watch: false, run: true, bail: 0, retry: 0, passWithNoTests: true, update: false, silent: false, ui: false, open: false,
    api: false, standalone: false, reporters: [reporter(order, eye)], coverage: { enabled: false }, shard: undefined,
    typecheck: { enabled: false }, sequence: { shuffle: false, sequencer: undefined }, fileParallelism: true,
    pool: 'forks', poolOptions: { forks: { singleFork: false, minForks: 1, maxForks: WORKERS, isolate: true } }, isolate: true,
    minWorkers: 1, maxWorkers: WORKERS, testNamePattern: undefined, changed: undefined, allowOnly: true, dangerouslyIgnoreUnhandledErrors: true,
    teardownTimeout: 2000, hideSkippedTests: false, cache: false, printConsoleTrace: false, outputFile: undefined,
  };
}

/** Makes a project's workers load our runner. It lies in `node_modules`, where it finds the very vitest it belongs to. */
function prepare({ config }, order) {
  if (!config) return;
  const folder = path.join(order.root, 'node_modules', '.fixbugs');
  fs.mkdirSync(folder, { recursive: true });
  config.runner = path.join(folder, 'runner.mjs');
  fs.writeFileSync(config.runner, fs.readFileSync(WORKER, 'utf8').replaceAll('fixbugs:inside', __dirname));
  const { files: _, arguments: __, ...theirs } = order;
  config.env = { ...config.env, [VARIABLE]: JSON.stringify(theirs) };
  config.sequence = { ...config.sequence, shuffle: false };
}

/** Hears of files that did not come as far as our runner. */
function reporter(order, eye) {
  const failed = (modules) => {
    for (const module of modules ?? []) {
      const errors = typeof module.errors === 'function' ? module.errors() : (module.result?.errors ?? []);
      const file = module.moduleId ?? module.filepath;
      if (errors.length > 0) eye.loadError(path.relative(order.tree, file), errors[0]);
    }
  };
  return { onFinished: failed, onTestRunEnd: failed };
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
