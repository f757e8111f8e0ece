'use strict';
// Puts together what the witnesses of a run say, and tells the oracle, test by test. A test has passed only when the runner
// says so and we saw its function return. Starting runners belongs to their own files.

const fs = require('node:fs');
const { verified } = require('./events.cjs');

const FORGED = 'the channel of a test process holds what our witness did not write';

class Board {
  /** `canaries`: {first: [ids' ends], last: id's end}; `lines` takes coverage, or null. */
  constructor({ emit, channel, key, wanted, canaries, recordLines }) {
    this.emit = emit;
    this.channel = channel;
    this.key = Buffer.from(key, 'hex');
    this.wanted = wanted;
    this.canaries = canaries;
    this.recordLines = recordLines;
    this.files = new Map(); // path -> ids in the order of their declaration
    this.tests = new Map(); // id -> what is known of it
    this.processes = new Map(); // tag -> {next, pid, running}
    this.errors = new Map(); // path -> failure
    this.strays = [];
    this.flaw = '';
    this.offset = 0;
    this.rest = Buffer.alloc(0);
    this.opened = false;
    this.reported = new Set();
    this.kept = []; // tests that ended before our first control tests did
    this.ran = 0;
    this.cut = false; // whether we ended what ran
    this.lost = false; // whether a process went away before its tests were done
    fs.writeFileSync(channel, '', { flag: 'a', mode: 0o600 });
  }

  // ------------------------------------------------------------ reading

  /** Takes in what was said since the last time. */
  drain() {
    const chunks = [this.rest];
    const fd = fs.openSync(this.channel, 'r');
    try {
      for (;;) {
        const chunk = Buffer.alloc(1 << 20);
        const size = fs.readSync(fd, chunk, 0, chunk.length, this.offset);
        if (size === 0) break;
        this.offset += size;
        chunks.push(chunk.subarray(0, size));
      }
    } finally {
      fs.closeSync(fd);
    }
    const data = Buffer.concat(chunks);
    const end = data.lastIndexOf(10) + 1;
    this.rest = Buffer.from(data.subarray(end));
    for (const line of data.subarray(0, end).toString('utf8').split('\n')) {
      if (line) this.#line(line);
    }
  }

  #line(line) {
    const said = verified(this.key, line);
    if (said === null) {
      this.flaw ||= FORGED;
      return;
    }
    const known = this.processes.get(said.tag) ?? { next: 0, running: '', ended: '' };
    this.processes.set(said.tag, known);
    if (said.n !== known.next) this.flaw ||= FORGED;
    known.next = said.n + 1;
    this.#heard(said, known);
  }

  #heard(said, process) {
    if (said.kind === 'tests') {
      this.files.set(said.path, said.ids);
    } else if (said.kind === 'begin') {
      this.#settle(process);
      process.running = said.id;
      Object.assign(this.#test(said.id), { pid: said.pid, since: Date.now() });
      if (!this.#isOurs(said.id)) this.#tell(() => this.emit({ event: 'begin', id: said.id }, true));
    } else if (said.kind === 'own') {
      const test = this.#test(said.id);
      test.own = said.failure === null ? (test.own ?? 'passed') : said.failure.type;
      test.seen = test.seen ?? said.failure;
    } else if (said.kind === 'verdict') {
      this.#verdict(said, process);
    } else if (said.kind === 'lines') {
      this.recordLines?.(said.id, said.lines);
    } else if (said.kind === 'control') {
      if (said.why) this.flaw ||= `told by a process in which ${said.why}`;
      this.#settle(process);
    } else if (said.kind === 'stray') {
      this.#stray(said, process);
    } else if (said.kind === 'load_error') {
      this.errors.set(said.path, said.failure);
    }
  }

  #test(id) {
    if (!this.tests.has(id)) this.tests.set(id, { id, pid: 0, since: 0, own: null, seen: null, verdict: null });
    return this.tests.get(id);
  }

  #verdict(said, process) {
    const test = this.#test(said.id);
    process.ended = said.id;
    if (process.running === said.id) process.running = '';
    if (test.verdict !== null) {
      this.flaw ||= `told twice how ${said.id} ended`;
      return;
    }
    test.verdict = said;
    if (test.pid === 0 || this.#isOurs(said.id)) this.report(test);
  }

  /** A test is told of when the next one of its process begins: until then an error that comes late counts against it. */
  #settle(process) {
    const test = this.tests.get(process.ended);
    if (test !== undefined && test.verdict !== null) this.report(test);
  }

  #stray(said, process) {
    const test = this.tests.get(process.running || process.ended);
    if (test === undefined || this.reported.has(test.id)) this.strays.push(said);
    else test.stray ??= said.failure;
  }

  // ------------------------------------------------------------ telling

  #isOurs(id) {
    return this.canaries !== null && this.canaries.all.some((name) => id.endsWith(name));
  }

  #isLast(id) {
    return this.canaries !== null && id.endsWith(this.canaries.last);
  }

  /** Nothing is told before our first control tests. */
  #tell(action) {
    if (this.opened || this.canaries === null) action();
    else this.kept.push(action);
  }

  report(test) {
    if (this.reported.has(test.id) || this.#isLast(test.id)) return;
    if (!this.#isOurs(test.id) && this.wanted !== null && !this.wanted.has(test.id)) return;
    this.reported.add(test.id);
    const action = () => {
      this.ran += 1;
      this.emit(eventOf(test), true);
    };
    if (this.#isOurs(test.id)) {
      action();
      if (this.canaries.first.every((name) => [...this.reported].some((id) => id.endsWith(name)))) this.#open();
    } else {
      this.#tell(action);
    }
  }

  #open() {
    this.opened = true;
    this.emit({ event: 'collected', ids: [...this.files.values()].flat().filter((id) => !this.#isOurs(id)) });
    for (const action of this.kept.splice(0)) action();
  }

  /** A test that cannot be waited for any longer. What runs is to be ended. */
  late(test, limit_s) {
    const message = `did not finish within ${limit_s.toFixed(1)} s`;
    const failure = { phase: 'call', type: 'TestTimedOut', message, frames: [], text: '', timed_out: true };
    test.verdict = { outcome: 'failed', failure, duration_s: limit_s };
    this.cut = true;
    this.lost = true;
  }

  /** Settles the tests whose processes went away while they ran, `how` in words. One that took its process along is told
   * of; one that was about to end, or that we ended for the sake of a late one, is to be run again. */
  gone(how) {
    for (const test of this.running()) {
      this.lost = true;
      if (test.own !== null || this.cut) {
        this.tests.delete(test.id);
        continue;
      }
      const message = `the test process ended while this test ran (${how})`;
      const failure = { phase: 'call', type: 'ProcessEnded', message, frames: [], text: '', timed_out: false };
      test.verdict = { outcome: 'died', failure, duration_s: 0 };
    }
    this.cut = false;
  }

  /** A file whose process ended before it held a test. */
  unloaded(path, how) {
    const message = `the file could not be loaded: its process ended (${how})`;
    this.errors.set(path, { phase: 'collect', type: 'ProcessEnded', message, frames: [], text: '' });
  }

  /** Tests that began and have no verdict. */
  running() {
    return [...this.tests.values()].filter((test) => test.pid !== 0 && test.verdict === null);
  }

  /** Which of our control tests are still to run, in two files, or null: {first: [failing, passing] or null, last}. */
  missingCanaries() {
    if (this.canaries === null) return null;
    const ran = (name) => [...this.tests.values()].some((test) => test.id.endsWith(name) && test.verdict !== null);
    const { first, last } = this.canaries;
    const missing = { first: first.every(ran) ? null : first, last: ran(last) ? '' : last };
    return missing.first === null && missing.last === '' ? null : missing;
  }

  finished(id) {
    return (this.tests.get(id)?.verdict ?? null) !== null;
  }

  /** The rest of the report of a run. */
  close(status) {
    for (const [path, failure] of this.errors) this.emit({ event: 'collect_error', id: path, ...failure });
    if (!this.opened) this.#open();
    for (const test of this.tests.values()) if (test.verdict !== null) this.report(test);
    for (const stray of this.strays) {
      this.emit({ event: 'collect_error', id: stray.path || 'an error that no test can be blamed for', ...stray.failure });
    }
    const last = [...this.tests.values()].find((test) => this.#isLast(test.id) && test.verdict !== null);
    if (last !== undefined) {
      this.ran += 1;
      this.emit(eventOf(last, this.flaw || (this.strays.length > 0 ? 'an error that came after all tests' : '')));
    }
    this.emit({ event: 'end', status, ran: this.ran });
  }

  /** The whole report of a collection. */
  closeCollection() {
    for (const [path, failure] of this.errors) this.emit({ event: 'collect_error', id: path, ...failure });
    const ids = [...this.files.values()].flat();
    this.emit({ event: 'collected', ids, deselected: [] });
    this.emit({ event: 'end', status: 0, ran: 0, collected: ids.length });
  }
}

/** The oracle's event for a test. `doubt` makes the run distrusted: it turns a control test of ours round. */
function eventOf(test, doubt = '') {
  const { outcome, failure, duration_s: durationS } = test.verdict;
  const passed = (when, duration = 0) => ({ when, outcome: 'passed', duration_s: duration });
  let phases = [passed('setup'), passed('call', durationS), passed('teardown')];
  const failures = failure === null ? [] : [failure];
  if (outcome === 'died') {
    phases = [];
  } else if (outcome === 'failed' && !doubt) {
    const at = { setup: 0, call: 1, teardown: 2 }[failure.phase];
    phases[at] = { ...phases[at], outcome: 'failed' };
    if (at === 0) phases.splice(1, 1);
    if (failure.phase === 'call' && test.seen !== null && !failure.timed_out) failures[0] = better(test.seen, failure);
  } else if (outcome === 'skipped' || outcome === 'todo') {
    phases = [{ when: 'setup', outcome: 'skipped', duration_s: 0, xfail: outcome === 'todo' }];
  } else if (test.stray) {
    phases[2] = { ...phases[2], outcome: 'failed' };
    failures.push(test.stray);
  }
  const own = doubt || test.own;
  const timedOut = outcome === 'failed' && failure.timed_out;
  return { event: 'test', id: test.id, phases, own, timed_out: timedOut, failures };
}

/** The failure with the most to see: the error itself, as our witness caught it, or what the runner made of it. */
function better(seen, told) {
  return seen.frames.length >= told.frames.length ? { ...seen, phase: 'call' } : told;
}

module.exports = { Board };
