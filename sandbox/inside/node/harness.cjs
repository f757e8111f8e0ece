'use strict';
// One session: reads the request (JSON on stdin, with the key that no code of the project may see), lets the project's
// runner run, watches for tests that hang, and writes the report. How a runner is started belongs to its own file.

const fs = require('node:fs');
const path = require('node:path');
const { randomBytes } = require('node:crypto');
const { emitter } = require('./events.cjs');
const { Board } = require('./board.cjs');
const { describer } = require('./failures.cjs');
const { link } = require('./links.cjs');
const { runWhole } = require('./spawned.cjs');

const RUNNERS = {
  'node:test': (round) => require('./node_test.cjs').run(round),
  mocha: (round) => require('./mocha.cjs').run(round),
  jest: (round) => runWhole(round, 'jest_main.cjs'),
  vitest: (round) => runWhole(round, 'vitest_main.cjs'),
};
const STRIP = '--experimental-strip-types'; // unknown to a node that is too old to read TypeScript
const TESTS_FAILED = 1;
const ROUNDS = 12;
const GRACE_S = 1.5;
const POLL_MS = 50;
const SHARE = 0.3; // of the time that is left: hanging tests never use up the time of all that follow
const MIN_LIMIT_S = 1;

/** What a runner's file gets to know of one session. */
class Session {
  constructor(request) {
    const { key, ...rest } = request;
    Object.assign(this, rest);
    this.collecting = request.mode === 'collect';
    this.wanted = request.ids === null ? null : new Set(request.ids);
    this.node_flags = request.node_flags.filter((flag) => flag !== STRIP || process.allowedNodeEnvironmentFlags.has(flag));
    this.root = path.join(request.tree, request.folder);
    this.channel = path.join(request.scratch, `${randomBytes(8).toString('hex')}.jsonl`);
    this.witnessKey = randomBytes(32).toString('hex');
    this.end = () => {}; // ends what runs now
    this.ends = Date.now() + request.wall_s * 1000;
  }

  /** What a witness has to know. */
  order() {
    return {
      channel: this.channel,
      environment: this.environment,
      witness_key: this.witnessKey,
      tree: this.tree,
      coverage: this.coverage !== '',
      collecting: this.collecting,
      limit_s: this.limit(),
    };
  }

  limit() {
    const left = (this.ends - Date.now()) / 1000;
    return Math.max(MIN_LIMIT_S, Math.min(this.test_limit_s, left * SHARE));
  }

  describe(error, phase) {
    return describer(this.tree)(error, phase);
  }

  relative(file) {
    return path.relative(this.tree, fs.existsSync(file) ? fs.realpathSync(file) : file);
  }
}

function boardOf(session, emit) {
  const out = session.coverage ? fs.openSync(session.coverage, 'a', 0o600) : -1;
  const [failing, passing, last] = session.canaries;
  return new Board({
    emit,
    channel: session.channel,
    key: session.witnessKey,
    wanted: session.wanted,
    canaries: session.collecting ? null : { all: session.canaries, first: [failing, passing], last },
    recordLines: out < 0 ? null : (id, lines) => fs.writeSync(out, `${JSON.stringify({ id, lines })}\n`),
  });
}

/** Ends what runs once a test takes too long; from then on that test counts as late. */
function watch(session, board) {
  const limit = session.limit();
  const timer = setInterval(() => {
    board.drain();
    for (const test of board.running()) {
      const given = limit + GRACE_S + (test.own === null ? 0 : limit); // for what follows its own function
      if (Date.now() - test.since < given * 1000) continue;
      board.late(test, limit);
      session.test_limit_s /= 2;
      session.end();
    }
  }, POLL_MS);
  return () => clearInterval(timer);
}

/** Runs until every wanted test has ended, or a round brought nothing: a test that takes its process along must not
 * take the others. */
async function rounds(session, board, runner) {
  let wanted = session.wanted;
  for (let round = 0; round < ROUNDS; round += 1) {
    const stop = watch(session, board);
    try {
      await runner({ session, wanted, canaries: board.missingCanaries(), board });
    } finally {
      stop();
      board.drain();
    }
    if (wanted === null || !board.lost) return;
    const left = new Set([...wanted].filter((id) => !board.finished(id)));
    const stuck = left.size > 0 && left.size === wanted.size;
    if (stuck || (left.size === 0 && board.missingCanaries() === null)) return;
    board.lost = false;
    wanted = left;
  }
}

async function main() {
  const request = JSON.parse(fs.readFileSync(0, 'utf8'));
  const emit = emitter(request.report, request.key);
  const session = new Session(request);
  const board = boardOf(session, emit);
  emit({ event: 'start', node: process.versions.node, runner: session.runner });
  const stdout = process.stdout;
  process.exitCode = TESTS_FAILED;
  try {
    link(session.environment, session.tree);
    enter(session);
    await rounds(session, board, RUNNERS[session.runner]);
  } catch (error) {
    console.error(error);
    board.errors.set(session.folder || 'package.json', session.describe(error, 'collect'));
  }
  board.drain();
  for (const reason of [board.flaw].filter(Boolean)) stdout.write(`\nThe results are not believed: ${reason}\n`);
  if (session.collecting) board.closeCollection();
  else board.close(TESTS_FAILED);
  process.reallyExit(session.collecting ? 0 : TESTS_FAILED);
}

/** Makes this process look like one that the project's own test script started. */
function enter(session) {
  process.chdir(session.root);
  const bins = [session.root, session.tree].map((folder) => path.join(folder, 'node_modules', '.bin'));
  process.env.PATH = [...bins, process.env.PATH].join(path.delimiter);
  Object.assign(process.env, { CI: 'true' }, session.env);
  process.env.NODE_ENV ??= 'test';
  process.env.npm_lifecycle_event = 'test';
}

module.exports = { main };
